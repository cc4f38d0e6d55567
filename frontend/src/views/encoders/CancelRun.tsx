import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { cancelJob } from "../../api/calls";
import { keys } from "../../api/queries";
import type { Job } from "../../api/types";

interface Props {
  job: Job;
  onClose: () => void;
  onCancelled: () => void;
}

/** Asks before hours of work are stopped. */
export function CancelRun({ job, onClose, onCancelled }: Props) {
  const client = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => cancelJob(job.id),
    onSettled: () => client.invalidateQueries({ queryKey: keys.jobs }),
    onSuccess: () => {
      onCancelled();
      onClose();
    },
  });
  return (
    <Modal opened onClose={onClose} title="Cancel this pretraining?" centered>
      <Stack>
        <Text size="sm">It saves what it has learnt and stops within some seconds. Nothing else changes, and you can resume it later.</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            Let it run
          </Button>
          <Button color="red" loading={cancel.isPending} onClick={() => cancel.mutate()}>
            Cancel it
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
