import { Button, Group, SegmentedControl, Select, Text, TextInput, Title } from "@mantine/core";
import { IconFolder, IconPhotoSearch, IconUpload } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode, type SyntheticEvent } from "react";

import { startImport } from "../../api/calls";
import { importOptionsQuery } from "../../api/queries";
import type { ImportPayload } from "../../api/types";
import { chooseFiles } from "../../components/chooseFiles";
import { useDropTarget } from "../../components/useDropTarget";
import type { ArchiveUpload } from "../../hooks/useArchiveUpload";
import { enterJob } from "../../hooks/refresh";
import type { Uploads } from "../../hooks/useUploads";
import { canReference, importFormats, type ImportFormat } from "../../state/transfers";
import { ArchiveFile } from "./ArchiveFile";
import styles from "./Imports.module.css";

interface Props {
  project: string;
  uploads: Uploads;
  archive: ArchiveUpload;
}

type Origin = "files" | "archive" | "server";
type Labels = NonNullable<ImportPayload["labels"]>;
type Keep = NonNullable<ImportPayload["keep"]>;

const origins: { value: Origin; label: string }[] = [
  { value: "archive", label: "Archive or table" },
  { value: "files", label: "Image files" },
  { value: "server", label: "Server or bucket" },
];
const labelModes: { value: Labels; label: string }[] = [
  { value: "labels", label: "Learn from them" },
  { value: "reference", label: "Only measure with them" },
  { value: "ignore", label: "Leave them out" },
];
const keepModes: { value: Keep; label: string }[] = [
  { value: "copy", label: "Copy them" },
  { value: "reference", label: "Read them where they lie" },
];

/** Where images come from, and what becomes of their labels. */
export function ImportForm({ project, uploads, archive }: Props) {
  const [wished, setOrigin] = useState<Origin>("archive");
  const origin = archive.file ? "archive" : wished;
  return (
    <section className={styles.card} aria-label="Import">
      <Group justify="space-between" gap="sm">
        <Title order={3} size="h5">
          Import
        </Title>
        <SegmentedControl size="xs" aria-label="Where from" value={origin} disabled={archive.file !== null} onChange={setOrigin} data={origins} />
      </Group>
      {origin === "files" && <ImageFiles onFiles={uploads.add} />}
      {origin === "archive" && <FromArchive archive={archive} />}
      {origin === "server" && <FromServer project={project} />}
    </section>
  );
}

function ImageFiles({ onFiles }: { onFiles: (files: File[]) => void }) {
  const { over, handlers } = useDropTarget(onFiles);
  return (
    <div className={styles.drop} data-over={over || undefined} {...handlers}>
      <IconUpload size={28} stroke={1.5} />
      <Text size="sm">Drop images or whole folders: they come without labels.</Text>
      <Group gap="xs">
        <Button size="xs" leftSection={<IconPhotoSearch size={15} />} onClick={() => chooseFiles(onFiles)}>
          Choose files
        </Button>
        <Button size="xs" variant="light" leftSection={<IconFolder size={15} />} onClick={() => chooseFiles(onFiles, true)}>
          Choose a folder
        </Button>
      </Group>
      <Text size="xs" c="var(--soft-ink)">
        Interrupted? Choose the same folder again: only what is missing is sent.
      </Text>
    </div>
  );
}

/** What a source holds and what its labels become, the same wherever it lies. */
function useWishes() {
  const [format, setFormat] = useState<ImportFormat>("auto");
  const [labels, setLabels] = useState<Labels>("labels");
  const fields = (
    <>
      <Select
        size="sm"
        label="It holds"
        data={Object.entries(importFormats).map(([value, label]) => ({ value, label }))}
        value={format}
        allowDeselect={false}
        onChange={(value) => setFormat((value ?? "auto") as ImportFormat)}
      />
      <Field label="Labels in it">
        <SegmentedControl size="xs" fullWidth orientation="vertical" aria-label="Labels in it" value={labels} onChange={setLabels} data={labelModes} />
      </Field>
    </>
  );
  return { wishes: { format, labels }, fields };
}

function Field({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <Text size="sm" fw={500} mb={3}>
        {label}
      </Text>
      {children}
    </div>
  );
}

function onSubmit(start: () => void) {
  return (event: SyntheticEvent) => {
    event.preventDefault();
    start();
  };
}

function FromArchive({ archive }: { archive: ArchiveUpload }) {
  const { wishes, fields } = useWishes();
  return (
    <form className={styles.card} style={{ border: 0, padding: 0 }} onSubmit={onSubmit(() => archive.begin({ ...wishes, keep: "copy" }))}>
      <ArchiveFile archive={archive} />
      <div className={styles.pair}>{fields}</div>
      <Group justify="flex-end">
        {archive.sent ? (
          <Button variant="default" onClick={archive.stop}>
            Stop sending
          </Button>
        ) : (
          <Button type="submit" disabled={!archive.file}>
            {archive.error ? "Go on" : "Send and import"}
          </Button>
        )}
      </Group>
    </form>
  );
}

function FromServer({ project }: { project: string }) {
  const client = useQueryClient();
  const { wishes, fields } = useWishes();
  const [source, setSource] = useState("");
  const [keep, setKeep] = useState<Keep>("copy");
  const { data: options } = useQuery(importOptionsQuery);
  const start = useMutation({
    mutationFn: () => startImport(project, { ...wishes, source: source.trim(), keep: canReference(source) ? keep : "copy" }),
    meta: { shownInPlace: true },
    onSuccess: (job) => {
      setSource("");
      void enterJob(client, job);
    },
  });
  return (
    <form className={styles.card} style={{ border: 0, padding: 0 }} onSubmit={onSubmit(() => source.trim() && start.mutate())}>
      <TextInput
        label="Folder, archive or table on the server, or s3://bucket/prefix"
        description={options && readable(options.roots)}
        placeholder={options?.roots[0] ? `${options.roots[0]}/photos` : "s3://bucket/photos"}
        value={source}
        maxLength={1000}
        error={start.error?.message}
        onChange={(event) => {
          start.reset();
          setSource(event.currentTarget.value);
        }}
      />
      <div className={styles.pair}>
        {fields}
        {canReference(source) && (
          <Field label="Files on the server">
            <SegmentedControl size="xs" fullWidth orientation="vertical" aria-label="Files on the server" value={keep} onChange={setKeep} data={keepModes} />
          </Field>
        )}
      </div>
      <Group justify="flex-end">
        <Button type="submit" loading={start.isPending} disabled={!source.trim()}>
          Import
        </Button>
      </Group>
    </form>
  );
}

function readable(roots: readonly string[]): string {
  if (roots.length === 0) return "This service may read no folder of its own: its operator names some in HANDFUL_IMPORT_ROOTS.";
  return `It may read what lies in ${roots.join(", ")}.`;
}
