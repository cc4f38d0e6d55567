import { Alert, Button, Group, Loader, Text } from "@mantine/core";
import { IconChartDots, IconDownload, IconHistory } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";

import { ProblemError } from "../../api/problem";
import { evaluationQuery } from "../../api/queries";
import type { PoolImage, Project } from "../../api/types";
import { Empty } from "../../components/Empty";
import type { ClassBook } from "../../hooks/useClasses";
import type { Labelling } from "../../hooks/useLabelling";
import { useOpenImage } from "../../hooks/useOpenImage";
import type { Uploads } from "../../hooks/useUploads";
import { startingList, type View } from "../../state/view";
import { ExportMenu } from "../ExportMenu";
import { LabelBar } from "../LabelBar";
import { OpenedImage } from "../OpenedImage";
import { PageFrame } from "../PageFrame";
import { Accuracy } from "./Accuracy";
import { ClassQuality } from "./ClassQuality";
import { Compare } from "./Compare";
import { Confusion } from "./Confusion";
import styles from "./Evaluation.module.css";
import { Suspects } from "./Suspects";

interface Props {
  project: Project;
  view: View;
  book: ClassBook;
  labelling: Labelling;
  uploads: Uploads;
  onView: (changes: Partial<View>) => void;
  onAround: (image: PoolImage) => void;
  onList: (list: string) => void;
  onVersions: () => void;
  onHelp: () => void;
}

/** How good the classifier is on the user's own labels, what it mixes up, and what to do about it. */
export default function Evaluation(props: Props) {
  const { project, view, onView } = props;
  const open = (image: number | null) => onView({ image });
  const opened = useOpenImage(props, () => open(null));
  const { targets, actions } = opened;
  const version = project.active_version;
  return (
    <>
      <PageFrame
        project={project}
        uploads={props.uploads}
        title="Evaluation"
        about="Every figure is of answers to your labelled images by classifiers that had not seen them."
        actions={version !== null && <Actions project={project.id} version={version} onVersions={props.onVersions} />}
        foot={
          view.image !== null && (
            <LabelBar
              book={props.book}
              targets={targets}
              picked={0}
              onLabel={actions.label}
              onAccept={actions.accept}
              onUnlabel={actions.unlabel}
              onClear={() => open(null)}
            />
          )
        }
      >
        <Body {...props} onOpen={open} />
      </PageFrame>
      {view.image !== null && <OpenedImage {...props} {...opened} id={view.image} onOpen={open} />}
    </>
  );
}

function Actions({ project, version, onVersions }: { project: string; version: number; onVersions: () => void }) {
  return (
    <>
      <Button size="sm" variant="default" leftSection={<IconHistory size={16} />} onClick={onVersions}>
        Versions
      </Button>
      <ExportMenu
        project={project}
        version={version}
        target={(loading) => (
          <Button size="sm" leftSection={<IconDownload size={16} />} loading={loading}>
            Export
          </Button>
        )}
      />
    </>
  );
}

/** Whether labels, or their embedding, are all that is missing. */
const isTooEarly = (error: Error | null) =>
  error instanceof ProblemError && ["no-examples", "examples-pending", "no-encoder"].includes(error.kind);

function Body(props: Props & { onOpen: (id: number) => void }) {
  const { project, book, onList, onOpen } = props;
  const { data: evaluation, error, isPlaceholderData } = useQuery(evaluationQuery(project.id, project.active_version));
  const unlabelled = project.examples === 0 && project.active_version === null;
  if (unlabelled || isTooEarly(error))
    return <TooEarly reason={project.examples === 0 ? null : (error?.message ?? null)} onList={onList} />;
  if (error)
    return (
      <div className={styles.body}>
        <Alert color="red" title="There is no evaluation">
          {error.message}
        </Alert>
        <Compare project={project} book={book} onOpen={onOpen} />
      </div>
    );
  if (!evaluation) return <Waiting fitted={project.active_version !== null} />;
  const shared = { project: project.id, evaluation, book, onOpen };
  return (
    <div className={styles.body} data-old={isPlaceholderData || undefined} aria-busy={isPlaceholderData}>
      <Accuracy project={project} evaluation={evaluation} onLabel={() => onList(startingList)} />
      <Suspects {...shared} labelling={props.labelling} />
      <Confusion {...shared} />
      <ClassQuality classes={evaluation.classes} book={book} onList={onList} />
      <Compare project={project} book={book} onOpen={onOpen} />
    </div>
  );
}

function Waiting({ fitted }: { fitted: boolean }) {
  return (
    <Group role="status" gap="sm">
      <Loader size="sm" />
      <Text size="sm">{fitted ? "Checking each label by classifiers that have not seen it…" : "The first classifier is being fitted…"}</Text>
    </Group>
  );
}

function TooEarly({ reason, onList }: { reason: string | null; onList: (list: string) => void }) {
  return (
    <Empty
      icon={<IconChartDots size={38} stroke={1.5} />}
      title="Nothing to evaluate yet"
      action={<Button onClick={() => onList(startingList)}>Label images</Button>}
    >
      Label two images of each class: then some labels can be held back to check the others.
      {reason !== null && <Text size="sm">{reason}</Text>}
    </Empty>
  );
}
