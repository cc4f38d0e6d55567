import { Alert, Group, Loader, Text } from "@mantine/core";

import type { Job } from "../../api/types";
import { isActive } from "../../state/jobs";
import styles from "./Encoders.module.css";

interface Props {
  jobs: readonly Job[];
  /** The one that was asked for on this page: should it fail, its reason is shown. */
  asked: string | null;
}

/** Encoders on their way into the list, and why the last one did not get there. */
export function Registrations({ jobs, asked }: Props) {
  const shown = jobs.filter((job) => job.kind === "register_encoder" && (isActive(job) || (job.id === asked && job.state === "failed")));
  return shown.map((job) => {
    const spec = String(job.payload.spec);
    if (job.state === "failed")
      return (
        <Alert key={job.id} color="red" title={`${spec} could not be registered`}>
          {job.error}
        </Alert>
      );
    return (
      <Group key={job.id} className={styles.waiting} gap="sm" role="status">
        <Loader size={16} />
        <Text size="sm">
          Registering {spec}… {job.message}
        </Text>
      </Group>
    );
  });
}
