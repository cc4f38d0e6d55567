import { Alert, Badge, Button, Group, Progress, Text } from "@mantine/core";
import { IconAlertTriangle, IconPlayerPlay, IconPlayerStop } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { resumeJob } from "../../api/calls";
import type { Job, Project } from "../../api/types";
import { enterJob } from "../../hooks/refresh";
import { useRun } from "../../hooks/useRun";
import { duration, memory, timeLeft } from "../../state/durations";
import { percent } from "../../state/figures";
import { askedFor, canResume, isActive, stateColour, stateWord } from "../../state/jobs";
import { shareDone, type Run } from "../../state/run";
import { CancelRun } from "./CancelRun";
import styles from "./Encoders.module.css";
import { RunCurves } from "./RunCurves";

interface Props {
  job: Job;
  project: Project;
}

/** One pretraining: how far it is, how it is doing, and what can be done about it. */
export function Pretraining({ job, project }: Props) {
  const run = useRun(job);
  return (
    <section className={styles.run} aria-label={`Pretraining ${askedFor(job)}`}>
      <Head job={job} run={run} />
      <Advance job={job} run={run} />
      {job.error && (
        <Alert color="red" title="It did not get through">
          {job.error}
        </Alert>
      )}
      {run.alarms.map(({ advice, step }) => (
        <Alert key={advice} className={styles.alarm} icon={<IconAlertTriangle />} title={`Noticed at step ${step.toLocaleString("en")}`}>
          {advice.charAt(0).toUpperCase() + advice.slice(1)}
        </Alert>
      ))}
      {isActive(job) && run.figures.seconds_left !== undefined && <Figures run={run} />}
      {run.last > 0 && <RunCurves run={run} labelled={project.examples > 0} />}
      {run.notes.length > 0 && (
        <Text size="sm" c="var(--soft-ink)">
          {run.notes.at(-1)}
        </Text>
      )}
    </section>
  );
}

function Head({ job, run }: { job: Job; run: Run }) {
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const [cancelled, setCancelled] = useState(false);
  const resume = useMutation({
    mutationFn: () => resumeJob(job.id),
    onMutate: () => setCancelled(false),
    onSuccess: (news) => enterJob(client, news),
  });
  return (
    <Group justify="space-between" gap="sm" wrap="nowrap">
      <div>
        <Group gap={8}>
          <Text fw={650}>Pretraining {askedFor(job)}</Text>
          <Badge variant="light" color={stateColour(job)}>
            {stateWord(job)}
          </Badge>
        </Group>
        <Text size="sm" c="var(--soft-ink)">
          Asked for {new Date(job.created_at).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" })}
          {run.figures.seconds !== undefined && `, trained for ${duration(run.figures.seconds)}`}
        </Text>
      </div>
      {isActive(job) && (
        <Button
          variant="default"
          size="sm"
          disabled={cancelled}
          leftSection={<IconPlayerStop size={16} />}
          onClick={() => setAsking(true)}
        >
          {cancelled ? "Cancelling…" : "Cancel"}
        </Button>
      )}
      {canResume(job) && (
        <Button size="sm" leftSection={<IconPlayerPlay size={16} />} loading={resume.isPending} onClick={() => resume.mutate()}>
          Resume
        </Button>
      )}
      {asking && <CancelRun job={job} onClose={() => setAsking(false)} onCancelled={() => setCancelled(true)} />}
    </Group>
  );
}

/** Steps done of steps to do; before the first record, what the job says of itself. */
function Advance({ job, run }: { job: Job; run: Run }) {
  const { step, steps, epoch, seconds_left: left } = run.figures;
  const share = shareDone(run);
  if (job.state === "succeeded") return <Text size="sm">{job.message}</Text>;
  if (share === null || steps === undefined)
    return isActive(job) ? (
      <div role="status">
        <Text size="sm" mb={6}>
          {job.message || (job.state === "queued" ? "Waiting for a worker that is free." : "Getting the images ready…")}
        </Text>
        <Progress value={100} animated aria-label="Pretraining is getting ready" />
      </div>
    ) : null;
  const active = isActive(job);
  return (
    <div>
      <Text size="sm" mb={6}>
        Step {(step ?? 0).toLocaleString("en")} of {steps.toLocaleString("en")}
        {epoch !== undefined && `, epoch ${epoch.toLocaleString("en", { maximumFractionDigits: 1 })}`}
        {active && ` · ${left === undefined ? job.message : timeLeft(left)}`}
        {!active && " · resuming goes on from its last checkpoint"}
      </Text>
      <Progress value={100 * share} animated={active} aria-label="Pretraining progress" />
    </div>
  );
}

function Figures({ run }: { run: Run }) {
  const { images_per_second: speed, memory_mb: taken, waiting } = run.figures;
  const figures = [
    speed !== undefined && ["images a second", Math.round(speed).toLocaleString("en")],
    taken !== undefined && ["of memory", memory(taken)],
    waiting !== undefined && ["of the time spent waiting for images", percent(waiting)],
  ].filter((one) => one !== false);
  if (figures.length === 0) return null;
  return (
    <dl className={styles.figures}>
      {figures.map(([name, value]) => (
        <div key={name}>
          <dd>{value}</dd>
          <dt>{name}</dt>
        </div>
      ))}
    </dl>
  );
}
