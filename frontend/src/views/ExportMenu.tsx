import { Menu, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { ReactElement } from "react";

import { exportClassifier } from "../api/calls";
import type { ExportFormat } from "../api/types";
import { saveFile } from "../components/saveFile";

interface Props {
  project: string;
  version: number;
  /** What opens the menu, told while a file is being made. */
  target: (loading: boolean) => ReactElement;
}

const formats: { format: ExportFormat; name: string; what: string }[] = [
  { format: "onnx", name: "ONNX", what: "Encoder and classifier in one file, for ONNX Runtime" },
  { format: "npz", name: "npz", what: "The classifier’s numbers alone, for NumPy" },
  { format: "csv", name: "CSV", what: "What it says of every image of the pool" },
];

/** A version as a file that works without Handful. */
export function ExportMenu({ project, version, target }: Props) {
  const save = useMutation({
    mutationFn: (format: ExportFormat) => exportClassifier(project, version, format),
    onSuccess: (file, format) => saveFile(file, `${project}-version-${version}.${format}`),
  });
  return (
    <Menu position="bottom-end" width={300} shadow="md">
      <Menu.Target>{target(save.isPending)}</Menu.Target>
      <Menu.Dropdown>
        {formats.map(({ format, name, what }) => (
          <Menu.Item key={format} onClick={() => save.mutate(format)}>
            {name}
            <Text size="xs" c="var(--soft-ink)">
              {what}
            </Text>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
