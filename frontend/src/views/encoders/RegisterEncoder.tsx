import { Button, Group, Modal, Stack, Text, TextInput, UnstyledButton } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { registerEncoder } from "../../api/calls";
import type { Job } from "../../api/types";
import { SectionTitle } from "../../components/SectionTitle";
import { enterJob } from "../../hooks/refresh";
import { formats } from "../../state/encoders";
import styles from "./Encoders.module.css";

interface Props {
  onClose: () => void;
  onAsked: (job: Job) => void;
}

/** Has an encoder loaded and checked, by its spec. */
export function RegisterEncoder({ onClose, onAsked }: Props) {
  const client = useQueryClient();
  const [spec, setSpec] = useState("");
  const register = useMutation({
    mutationFn: () => registerEncoder(spec.trim()),
    meta: { shownInPlace: true },
    onSuccess: (job) => {
      void enterJob(client, job);
      onAsked(job);
      onClose();
    },
  });
  return (
    <Modal opened onClose={onClose} title="Register an encoder" size={620} centered>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (spec.trim()) register.mutate();
        }}
      >
        <Stack>
          <TextInput
            label="Spec"
            description="What to load, and from where. Files are those of the machine that the worker runs on."
            placeholder="hf:facebook/vit-msn-small"
            value={spec}
            maxLength={500}
            data-autofocus
            error={register.error?.message}
            onChange={(event) => {
              register.reset();
              setSpec(event.currentTarget.value);
            }}
          />
          <div>
            <SectionTitle>What a spec can be</SectionTitle>
            {formats.map((one) => (
              <UnstyledButton key={one.spec} className={styles.format} onClick={() => setSpec(one.spec)} aria-label={`Fill in ${one.spec}`}>
                <code>{one.spec}</code>
                <Text size="sm" c="var(--soft-ink)">
                  {one.what}
                </Text>
              </UnstyledButton>
            ))}
          </div>
          <Text size="sm" c="var(--soft-ink)">
            It is checked and listed beside the others; nothing changes until you choose it. Mind its licence.
          </Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={register.isPending} disabled={!spec.trim()}>
              Register
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
