import { Alert, Button, CloseButton, Group, Progress, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { IconFileZip } from "@tabler/icons-react";

import { importOptionsQuery } from "../../api/queries";
import { chooseFiles } from "../../components/chooseFiles";
import { useDropTarget } from "../../components/useDropTarget";
import type { ArchiveUpload } from "../../hooks/useArchiveUpload";
import { memory } from "../../state/durations";
import { sentWords } from "../../state/transfers";
import styles from "./Imports.module.css";

const kinds = ".zip,.tar,.tgz,.gz,.bz2,.xz,.parquet,.csv,.tsv,.json,.jsonl";

/** The archive to send: chosen, on its way, or cut off. */
export function ArchiveFile({ archive }: { archive: ArchiveUpload }) {
  const { data: options } = useQuery(importOptionsQuery);
  const take = ([first]: File[]) => {
    if (first) archive.choose(first);
  };
  const { over, handlers } = useDropTarget(take);
  const { file, sent, error } = archive;
  if (!file)
    return (
      <div className={styles.drop} data-over={over || undefined} {...handlers}>
        <IconFileZip size={28} stroke={1.5} />
        <Text size="sm">Drop a ZIP or tar archive here, or a Parquet, CSV or JSON file.</Text>
        <Button size="xs" onClick={() => chooseFiles(take, false, kinds)}>
          Choose a file
        </Button>
        <Text size="xs" c="var(--soft-ink)">
          {options && `Up to ${memory(options.max_upload_bytes / 1e6)}. `}Interrupted? Send the same file again: it goes on from where it was.
        </Text>
      </div>
    );
  const tooLarge = options && file.size > options.max_upload_bytes;
  return (
    <div>
      <Group justify="space-between" wrap="nowrap">
        <div className={styles.title}>
          {file.name}
          <Text size="sm" c="var(--soft-ink)" role="status">
            {sent ? sentWords(sent) : memory(file.size / 1e6)}
          </Text>
        </div>
        {!sent && <CloseButton aria-label="Choose another file" onClick={() => archive.choose(null)} />}
      </Group>
      {sent && <Progress mt={8} value={(100 * sent.sent) / Math.max(1, sent.total)} animated aria-label="Sending progress" />}
      {tooLarge && (
        <Alert mt={8} color="yellow" title="This file is too large">
          This service takes files of up to {memory(options.max_upload_bytes / 1e6)}. Put it on the server, or in several archives.
        </Alert>
      )}
      {error && (
        <Alert mt={8} color="red" title="It was not sent to the end">
          {error}
        </Alert>
      )}
    </div>
  );
}
