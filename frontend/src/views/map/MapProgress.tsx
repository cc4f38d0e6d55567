import { Button, Group, Progress, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { cancelJob } from "../../api/calls";
import { keys } from "../../api/queries";
import type { Job } from "../../api/types";
import { timeLeft } from "../../state/durations";
import { shareOf } from "../../state/transfers";

/** How far the making of a map is. */
export function MapProgress({ job }: { job: Job }) {
  const client = useQueryClient();
  const cancel = useMutation({ mutationFn: () => cancelJob(job.id), onSuccess: () => client.invalidateQueries({ queryKey: keys.jobs }) });
  const left = job.seconds_left == null ? "" : ` · ${timeLeft(job.seconds_left)}`;
  return (
    <Group gap="sm" wrap="nowrap" role="status">
      <Progress w={120} value={job.total > 0 ? 100 * shareOf(job) : 100} animated aria-label="Progress of the map" />
      <Text size="sm" c="var(--soft-ink)">
        {job.message || "Waiting for a worker that is free."}
        {left}
      </Text>
      <Button size="compact-sm" variant="default" loading={cancel.isPending} onClick={() => cancel.mutate()}>
        Cancel
      </Button>
    </Group>
  );
}
