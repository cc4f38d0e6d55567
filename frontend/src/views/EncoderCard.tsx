import { Text, Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { encodersQuery } from "../api/queries";
import type { Encoder, Project } from "../api/types";
import styles from "./Sidebar.module.css";

export function useEncoder(project: Project): Encoder | undefined {
  const { data } = useQuery(encodersQuery(project));
  return data?.encoders.find((encoder) => encoder.id === (project.encoder_id ?? data.default_id));
}

/** Which network sees the images, and under which licence. */
export function EncoderCard({ project }: { project: Project }) {
  const encoder = useEncoder(project);
  if (!encoder) return <div className={styles.card}>No encoder yet: it is being prepared.</div>;
  return (
    <Tooltip label={`${encoder.source}. ${encoder.feature}, ${encoder.dimension} numbers an image. Licence: ${encoder.licence}`} multiline maw={320}>
      <div className={styles.card}>
        <Text size="xs" fw={600} c="var(--ink)" truncate>
          {encoder.name}
        </Text>
        <Text size="xs" truncate>
          In use · {encoder.image_size} px · {encoder.licence}
        </Text>
      </div>
    </Tooltip>
  );
}
