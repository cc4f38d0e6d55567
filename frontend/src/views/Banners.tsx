import { Alert, Button, Group, Loader, Progress, Text } from "@mantine/core";
import { IconInfoCircle, IconPlugConnectedX } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, useSyncExternalStore } from "react";

import { Folded } from "../components/Folded";
import { isAlive } from "../api/calls";
import { preparationQuery } from "../api/queries";
import type { Project } from "../api/types";
import { nextStep } from "../state/coach";
import { isReachable, watchConnection } from "../state/connection";
import { plural } from "../state/figures";
import { recall, remember } from "../state/memory";
import type { ClassBook } from "../hooks/useClasses";
import { useEncoder } from "./EncoderCard";
import styles from "./Banners.module.css";

/** Says that nothing answers, knocks every two seconds, and catches up when the service is back. */
export function AwayBanner() {
  const reachable = useSyncExternalStore(watchConnection, isReachable);
  const client = useQueryClient();
  useQuery({
    queryKey: ["alive"],
    queryFn: isAlive,
    enabled: !reachable,
    refetchInterval: 2000,
    retry: false,
    meta: { shownInPlace: true },
  });
  useEffect(() => {
    if (reachable) void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "suggestions" });
  }, [reachable, client]);
  if (reachable) return null;
  return (
    <div className={styles.away} role="alert">
      <IconPlugConnectedX size={18} />
      The service is not answering. Trying again; labels made now are kept and sent when it is back.
      <Loader size={14} color="currentColor" />
    </div>
  );
}

/** The encoder's own notice, until it is dismissed. */
export function NoticeBanner({ project }: { project: Project }) {
  const encoder = useEncoder(project);
  const [dismissed, setDismissed] = useState(() => recall("dismissed-notice"));
  if (!encoder?.notice || dismissed === encoder.id) return null;
  return (
    <Alert
      className={styles.strip}
      variant="transparent"
      color="gray"
      icon={<IconInfoCircle />}
      role="note"
      withCloseButton
      closeButtonLabel="Dismiss"
      onClose={() => {
        remember("dismissed-notice", encoder.id);
        setDismissed(encoder.id);
      }}
    >
      <Folded lines={1}>{encoder.notice}</Folded>
    </Alert>
  );
}

/** Without an encoder nothing can be embedded; says how far it is, or why there will be none. */
export function PreparationBanner({ project }: { project: Project }) {
  const waiting = project.encoder_id === null;
  const { data: job } = useQuery({ ...preparationQuery, enabled: waiting });
  if (!waiting || !job) return null;
  return (
    <Alert className={styles.strip} variant="transparent" color="gray" icon={<IconInfoCircle />} role="status">
      {job.state === "failed"
        ? `There is no encoder, so images cannot be embedded. ${job.error ?? ""}`
        : "The encoder is being made ready. Images added now are kept and embedded as soon as it is."}
    </Alert>
  );
}

export function EmbeddingBar({ project }: { project: Project }) {
  if (project.pending === 0 || project.encoder_id === null) return null;
  const done = project.images - project.pending;
  return (
    <div className={styles.embedding} role="status">
      <Text size="sm">
        {project.next_encoder_id === null ? "Embedding" : "Changing to the new encoder"}… {project.pending.toLocaleString("en")} left
      </Text>
      <Progress value={(100 * done) / Math.max(1, project.images)} animated striped aria-label="Embedding progress" />
    </div>
  );
}

/** The next step for a newcomer, above the images it is about. */
export function Coach({ project, book, onNewClass }: { project: Project; book: ClassBook; onNewClass: () => void }) {
  const step = book.loaded ? nextStep(project, book.classes) : null;
  if (!step || step.do === "add-images") return null;
  return (
    <Group className={styles.coach} gap="sm" wrap="nowrap">
      <span className={styles.next}>Next</span>
      {step.do === "make-classes" && (
        <>
          <Text size="sm">
            {step.have === 0
              ? "Make two classes: the things that you want to tell apart."
              : "Make a second class: a classifier needs something to tell apart."}
          </Text>
          <Button size="compact-sm" variant="light" onClick={onNewClass}>
            New class
          </Button>
        </>
      )}
      {step.do === "label-first" && <Text size="sm">Choose an image and press the key of its class. Two of each class are a start.</Text>}
      {step.do === "label-more" && (
        <Text size="sm">
          Find and label more of {namesOf(step.classes)}: {plural(step.classes.length, "class has", "classes have")} fewer than two examples.
        </Text>
      )}
    </Group>
  );
}

function namesOf(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(", ");
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
