import { Button, CloseButton, Group, Progress, ScrollArea, Text } from "@mantine/core";

import type { Uploads } from "../hooks/useUploads";
import { plural } from "../state/figures";
import styles from "./UploadTray.module.css";

/** How the files that were dropped are getting on, and which were not taken and why. */
export function UploadTray({ uploads }: { uploads: Uploads }) {
  const { total, settled, added, duplicates, rejected, running } = uploads.progress;
  if (total === 0 && !running) return null;
  return (
    <section className={styles.tray} role="status" aria-label="Upload">
      <Group justify="space-between" wrap="nowrap">
        <Text fw={650} size="sm">
          {running ? `Adding images… ${settled.toLocaleString("en")} of ${total.toLocaleString("en")}` : "Images added"}
        </Text>
        {running ? (
          <Button size="compact-xs" variant="subtle" color="gray" onClick={uploads.cancel}>
            Cancel
          </Button>
        ) : (
          <CloseButton size="sm" aria-label="Close" onClick={uploads.dismiss} />
        )}
      </Group>
      {running && <Progress value={(100 * settled) / Math.max(1, total)} animated my={8} aria-label="Upload progress" />}
      <Text size="sm" c="var(--soft-ink)">
        {[
          plural(added, "new image"),
          duplicates > 0 && `${duplicates.toLocaleString("en")} already there`,
          rejected.length > 0 && `${rejected.length.toLocaleString("en")} not taken`,
        ]
          .filter(Boolean)
          .join(" · ")}
      </Text>
      {rejected.length > 0 && (
        <ScrollArea.Autosize mah={190} mt={8} type="auto">
          <ul className={styles.rejected}>
            {rejected.slice(0, 200).map((one, index) => (
              <li key={index}>
                <b>{one.filename}</b> {one.reason}
              </li>
            ))}
          </ul>
        </ScrollArea.Autosize>
      )}
    </section>
  );
}
