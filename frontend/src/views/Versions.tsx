import { ActionIcon, Alert, Badge, Button, Drawer, Group, SegmentedControl, Stack, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { updateProject } from "../api/calls";
import { classifiersQuery, keys } from "../api/queries";
import type { Classifier, ClassifierKind, Project } from "../api/types";
import { Folded } from "../components/Folded";
import { SectionTitle } from "../components/SectionTitle";
import { refreshFigures } from "../hooks/refresh";
import { accuracies, interval, percent, plural } from "../state/figures";
import { useEncoder } from "./EncoderCard";
import { ExportMenu } from "./ExportMenu";
import { UseVersion } from "./UseVersion";
import styles from "./Versions.module.css";

interface Props {
  project: Project;
  onClose: () => void;
  onEncoders: () => void;
  onEvaluation: () => void;
}

const kinds: { value: ClassifierKind; label: string; meaning: string }[] = [
  { value: "auto", label: "Automatic", meaning: "learns from the labels and from the images without one" },
  { value: "labels", label: "Labels alone", meaning: "learns from the labelled images alone" },
  { value: "logistic", label: "Logistic", meaning: "logistic regression, as in the paper" },
  { value: "prototype", label: "Prototypes", meaning: "the mean image of each class" },
];
const kindNames = Object.fromEntries(kinds.map(({ value, label }) => [value, label]));

/** How good the classifier is, what it is made of, and the versions to go back to. */
export function Versions({ project, onClose, onEncoders, onEvaluation }: Props) {
  const { data: versions } = useQuery(classifiersQuery(project.id));
  return (
    <Drawer opened onClose={onClose} position="right" size={460} title="Classifier">
      <Stack gap="xl">
        <Stack gap="xs" align="stretch">
          <Measured project={project} />
          <Button size="compact-sm" variant="light" className={styles.start} onClick={onEvaluation}>
            Evaluate and compare
          </Button>
        </Stack>
        <Kind project={project} />
        <EncoderFacts project={project} onEncoders={onEncoders} />
        <section>
          <SectionTitle>Versions</SectionTitle>
          <Text size="sm" c="var(--soft-ink)" mb="xs">
            Each change of labels makes a new version. Going back changes the answers, never the labels.
          </Text>
          {versions?.map((version) => <Version key={version.version} project={project.id} version={version} />)}
          {versions?.length === 0 && <Text size="sm">None yet: label an image to make the first.</Text>}
        </section>
      </Stack>
    </Drawer>
  );
}

function Measured({ project }: { project: Project }) {
  const measured = accuracies(project);
  if (measured.length === 0)
    return (
      <Alert color="gray" title="Not measured yet">
        Label at least two images of a class: then some labels can be held back to check the others.
      </Alert>
    );
  return (
    <Stack gap="sm">
      {measured.map(({ estimate, measuredOn }) => (
        <div key={measuredOn} className={styles.figure}>
          <span className={styles.number}>{percent(estimate.accuracy)}</span>
          <Text size="sm">
            of answers right, measured on {measuredOn}
            <br />
            <span className={styles.soft}>between {interval(estimate)} % with 95 % confidence</span>
          </Text>
        </div>
      ))}
    </Stack>
  );
}

function Kind({ project }: { project: Project }) {
  const chosen = kinds.find(({ value }) => value === project.classifier);
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: (classifier: ClassifierKind) => updateProject(project.id, { classifier }),
    onSuccess: (updated) => {
      client.setQueryData(keys.project(project.id), updated);
      refreshFigures(client, project.id);
    },
  });
  return (
    <section>
      <SectionTitle>Method</SectionTitle>
      <SegmentedControl
        fullWidth
        size="xs"
        data={kinds.map(({ value, label }) => ({ value, label }))}
        value={change.isPending ? change.variables : project.classifier}
        disabled={change.isPending}
        onChange={(kind) => change.mutate(kind)}
      />
      <Text size="sm" c="var(--soft-ink)" mt={4}>
        It {chosen?.meaning}.
      </Text>
    </section>
  );
}

function EncoderFacts({ project, onEncoders }: Omit<Props, "onClose" | "onEvaluation">) {
  const encoder = useEncoder(project);
  if (!encoder) return null;
  return (
    <section>
      <SectionTitle>Encoder</SectionTitle>
      <Text size="sm" fw={600}>
        {encoder.name}
      </Text>
      <Text size="sm" c="var(--soft-ink)" className={styles.long}>
        {encoder.source} · {encoder.image_size} × {encoder.image_size} px · {encoder.dimension} numbers an image · licence {encoder.licence}
      </Text>
      {encoder.notice && (
        <Folded lines={2}>{encoder.notice}</Folded>
      )}
      <Button size="compact-sm" variant="light" mt={8} onClick={onEncoders}>
        Compare encoders
      </Button>
    </section>
  );
}

function Version({ project, version }: { project: string; version: Classifier }) {
  const [best] = accuracies({ ...version, classes: Object.keys(version.classes).length });
  return (
    <Group className={styles.version} justify="space-between" wrap="nowrap">
      <div>
        <Group gap={8}>
          <Text fw={600} size="sm">
            Version {version.version}
          </Text>
          <Text size="sm">{best ? `${percent(best.estimate.accuracy)} (${interval(best.estimate)})` : "not measured"}</Text>
        </Group>
        <Text size="xs" c="var(--soft-ink)">
          {plural(version.labels, "label")} of {plural(Object.keys(version.classes).length, "class", "classes")} · {kindNames[version.kind]} ·{" "}
          {new Date(version.created_at).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" })}
        </Text>
      </div>
      <Group gap={4} wrap="nowrap">
        {version.active ? (
          <Badge variant="light">answers now</Badge>
        ) : (
          <UseVersion project={project} version={version.version}>
            Use this
          </UseVersion>
        )}
        <ExportMenu
          project={project}
          version={version.version}
          target={(loading) => (
            <ActionIcon variant="subtle" color="gray" loading={loading} aria-label={`Export version ${version.version}`}>
              <IconDownload size={17} />
            </ActionIcon>
          )}
        />
      </Group>
    </Group>
  );
}
