import { Button, Checkbox, Select, Text, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { startExport } from "../../api/calls";
import type { Project } from "../../api/types";
import { enterJob } from "../../hooks/refresh";
import { plural } from "../../state/figures";
import { exportFormats, type DataFormat } from "../../state/transfers";
import styles from "./Imports.module.css";

/** The project's images and labels as a file that others read. */
export function ExportForm({ project }: { project: Project }) {
  const client = useQueryClient();
  const [format, setFormat] = useState<DataFormat>("imagefolder");
  const [images, setImages] = useState(true);
  const [labelled, setLabelled] = useState(false);
  const start = useMutation({
    mutationFn: () => startExport(project.id, { format, images, which: labelled ? "labelled" : "all" }),
    onSuccess: (job) => enterJob(client, job),
  });
  const count = labelled ? project.examples : project.images;
  return (
    <section className={styles.card} aria-label="Export">
      <Title order={3} size="h5">
        Export
      </Title>
      <Select
        size="sm"
        label="Format"
        data={Object.entries(exportFormats).map(([value, { name }]) => ({ value, label: name }))}
        renderOption={({ option }) => <Format format={option.value as DataFormat} />}
        value={format}
        allowDeselect={false}
        onChange={(value) => setFormat((value ?? "imagefolder") as DataFormat)}
      />
      <Checkbox size="sm" label="With the image files" checked={images} onChange={(event) => setImages(event.currentTarget.checked)} />
      <Checkbox size="sm" label="Only labelled images" checked={labelled} onChange={(event) => setLabelled(event.currentTarget.checked)} />
      <Button variant="light" disabled={count === 0} loading={start.isPending} onClick={() => start.mutate()}>
        {count === 0 ? "Nothing to export" : `Export ${plural(count, "image")}`}
      </Button>
    </section>
  );
}

function Format({ format }: { format: DataFormat }) {
  return (
    <div>
      <Text size="sm">{exportFormats[format].name}</Text>
      <Text size="xs" c="var(--soft-ink)">
        {exportFormats[format].what}
      </Text>
    </div>
  );
}
