import { Button, Group, SegmentedControl, Text, Title, Tooltip } from "@mantine/core";
import type { ReactNode } from "react";
import { IconArrowsMove, IconLasso, IconRefresh } from "@tabler/icons-react";

import { useMapJob } from "../../hooks/useMapJob";
import type { EmbeddingMap } from "../../state/embeddingMap";
import { plural } from "../../state/figures";
import type { Colouring } from "../../state/mapColours";
import toolbar from "../Toolbar.module.css";
import styles from "./Map.module.css";
import { MapProgress } from "./MapProgress";
import type { MapProps } from "./mapProps";
import type { Gesture } from "./scatter";

interface Props extends MapProps {
  map: EmbeddingMap;
  colouring: Colouring;
  onColouring: (colouring: Colouring) => void;
  gesture: Gesture;
  onGesture: (gesture: Gesture) => void;
}

const colourings: { value: Colouring; label: string }[] = [
  { value: "label", label: "Label" },
  { value: "prediction", label: "Prediction" },
  { value: "confidence", label: "Confidence" },
];

/** How old the map is, what its colours mean, and what dragging does. */
export function MapToolbar({ project, jobs, map, colouring, onColouring, gesture, onGesture }: Props) {
  return (
    <div className={toolbar.toolbar}>
      <Group gap="md" miw={0}>
        <div className={toolbar.title}>
          <Title order={2} size="h4">
            Map
          </Title>
          <Text size="xs" c="var(--soft-ink)">
            {plural(map.ids.length, "image")}
          </Text>
        </div>
        <Age project={project.id} {...{ jobs, map }} />
      </Group>
      <Group gap="sm">
        <SegmentedControl size="xs" aria-label="Coloured by" value={colouring} onChange={onColouring} data={colourings} />
        <SegmentedControl
          size="xs"
          aria-label="Dragging"
          value={gesture}
          onChange={onGesture}
          data={[
            { value: "panZoom", label: <Way icon={<IconArrowsMove size={14} />} name="Move" /> },
            { value: "lasso", label: <Way icon={<IconLasso size={14} />} name="Lasso" /> },
          ]}
        />
      </Group>
    </div>
  );
}

function Way({ icon, name }: { icon: ReactNode; name: string }) {
  return (
    <span className={styles.way}>
      {icon}
      {name}
    </span>
  );
}

function Age({ project, jobs, map }: { project: string; jobs: MapProps["jobs"]; map: EmbeddingMap }) {
  const { start, making, failed } = useMapJob(project, jobs);
  if (making) return <MapProgress job={making} />;
  const made = new Date(map.createdAt).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
  const failure = start.error?.message ?? failed;
  return (
    <Group gap="xs">
      {map.stale > 0 && (
        <Text size="xs" c="var(--amber)">
          {plural(map.stale, "image")} came later and {map.stale === 1 ? "stands" : "stand"} between {map.stale === 1 ? "its" : "their"} neighbours
        </Text>
      )}
      {failure && (
        <Text size="xs" c="red" role="alert">
          {failure}
        </Text>
      )}
      <Tooltip label={`Made ${made}`}>
        <Button size="xs" variant="default" leftSection={<IconRefresh size={15} />} loading={start.isPending} onClick={() => start.mutate()}>
          Make it anew
        </Button>
      </Tooltip>
    </Group>
  );
}
