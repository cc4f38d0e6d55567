import { Alert, Button, Loader } from "@mantine/core";
import { IconMap2 } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { startMap } from "../../api/calls";
import { keys, mapQuery } from "../../api/queries";
import type { Job, PoolImage, Project } from "../../api/types";
import { Empty } from "../../components/Empty";
import type { ClassBook } from "../../hooks/useClasses";
import type { Labelling } from "../../hooks/useLabelling";
import { useSettled } from "../../hooks/useSettled";
import type { Uploads } from "../../hooks/useUploads";
import type { Item } from "../../state/items";
import { isActive } from "../../state/jobs";
import type { ChangeView, View } from "../../state/view";
import { EmbeddingBar, PreparationBanner } from "../Banners";
import desk from "../Desk.module.css";
import { UploadTray } from "../UploadTray";
import { MapDesk } from "./MapDesk";
import { MapProgress } from "./MapProgress";

const pauseMilliseconds = 4000;

export interface MapProps {
  project: Project;
  view: View;
  jobs: readonly Job[];
  book: ClassBook;
  labelling: Labelling;
  uploads: Uploads;
  onAround: (image: PoolImage) => void;
  onReview: (items: readonly Item[]) => void;
  onView: ChangeView;
  onList: (list: string) => void;
  onHelp: () => void;
}

/** The newest map job of the project, and how to ask for another. */
export function useMapJob(project: string, jobs: readonly Job[]) {
  const client = useQueryClient();
  const job = jobs
    .filter((one) => one.kind === "map" && one.project_id === project)
    .sort((a, b) => b.created_at.localeCompare(a.created_at))[0];
  const start = useMutation({
    mutationFn: () => startMap(project),
    meta: { shownInPlace: true },
    onSuccess: (news) => client.setQueryData<Job[]>(keys.jobs, (known) => [news, ...(known ?? [])]),
  });
  return { start, making: job && isActive(job) ? job : null, failed: job?.state === "failed" ? job.error : null };
}

/** The whole pool on a plane, alike images near each other. */
export default function PoolMap(props: MapProps) {
  const { project, uploads } = props;
  // A label shows at once. What it changes elsewhere is asked of the whole pool: when labelling pauses.
  const version = useSettled(project.active_version, pauseMilliseconds);
  const { data: map, error, refetch } = useQuery(mapQuery(project.id, version));
  if (map) return <MapDesk {...props} map={map} />;
  return (
    <main className={desk.main}>
      <PreparationBanner project={project} />
      <EmbeddingBar project={project} />
      {map === null && <NoMap {...props} />}
      {error && (
        <Empty icon={<IconMap2 size={38} stroke={1.5} />} title="The map could not be loaded" action={<Button onClick={() => void refetch()}>Try again</Button>}>
          {error.message}
        </Empty>
      )}
      {map === undefined && !error && <Empty icon={<Loader />} title="Loading" children="" />}
      <UploadTray uploads={uploads} />
    </main>
  );
}

function NoMap({ project, jobs, onList }: MapProps) {
  const { start, making, failed } = useMapJob(project.id, jobs);
  const icon = <IconMap2 size={38} stroke={1.5} />;
  if (project.images === 0)
    return (
      <Empty icon={icon} title="There is nothing to map yet" action={<Button onClick={() => onList("all")}>Add images</Button>}>
        Once there are images, a map shows them all at once, alike ones near each other.
      </Empty>
    );
  if (making)
    return (
      <Empty icon={<Loader />} title="The map is being made" action={<MapProgress job={making} />}>
        You can go on labelling meanwhile.
      </Empty>
    );
  const failure = start.error?.message ?? failed;
  return (
    <Empty
      icon={icon}
      title="See the whole pool at once"
      action={
        <>
          {failure && (
            <Alert color="red" title="The map was not made" maw={520}>
              {failure}
            </Alert>
          )}
          <Button loading={start.isPending} disabled={project.pending > 0 && project.pending === project.images} onClick={() => start.mutate()}>
            Make the map
          </Button>
        </>
      }
    >
      A map puts alike images near each other. Draw around a cloud of them to give them one label, after a look through them.
    </Empty>
  );
}
