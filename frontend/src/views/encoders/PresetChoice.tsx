import { Badge, Group, Radio, Stack, Text } from "@mantine/core";

import type { Preset } from "../../api/types";
import styles from "./Encoders.module.css";

interface Props {
  presets: readonly Preset[];
  chosen: string;
  onChoose: (name: string) => void;
}

/** The presets in words, those that need no GPU first. */
export function PresetChoice({ presets, chosen, onChoose }: Props) {
  const sorted = [...presets].sort((a, b) => Number(a.device === "gpu") - Number(b.device === "gpu"));
  return (
    <Radio.Group label="Preset" description="What kind of encoder, and how it learns." value={chosen} onChange={onChoose}>
      <Stack className={styles.presets} gap={6} mt={6}>
        {sorted.map((one) => (
          <Radio.Card key={one.name} value={one.name} className={styles.preset} aria-label={one.name}>
            <Group wrap="nowrap" align="flex-start" gap="sm">
              <Radio.Indicator mt={2} />
              <div>
                <Group gap={8}>
                  <Text fw={600} size="sm">
                    {one.name}
                  </Text>
                  <Badge size="sm" variant="light" color={one.device === "cpu" ? "sea" : "gray"}>
                    {one.device === "cpu" ? "runs on a CPU" : "needs a GPU"}
                  </Badge>
                </Group>
                <Text size="sm">{one.description}</Text>
                <Text size="xs" c="var(--soft-ink)">
                  {one.image_size} × {one.image_size} px · {one.batch} images a step · {one.epochs.toLocaleString("en")} epochs
                </Text>
              </div>
            </Group>
          </Radio.Card>
        ))}
      </Stack>
    </Radio.Group>
  );
}
