import { Alert, Button, Loader } from "@mantine/core";
import { IconMap2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";

import { mapQuery } from "../../api/queries";
import { Empty } from "../../components/Empty";
import { useMapJob } from "../../hooks/useMapJob";
import { useSettled } from "../../hooks/useSettled";
import { EmbeddingBar, PreparationBanner } from "../Banners";
import desk from "../Desk.module.css";
import { UploadTray } from "../UploadTray";
import { MapDesk } from "./MapDesk";
import { MapProgress } from "./MapProgress";
import type { MapProps } from "./mapProps";

const pauseMilliseconds = 4000;

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
