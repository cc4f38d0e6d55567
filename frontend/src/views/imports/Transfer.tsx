import { Alert, Badge, Button, Group, Progress, Text } from "@mantine/core";
import { IconDownload, IconPlayerPlay, IconPlayerStop } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { cancelJob, errorsUrl, exportedUrl, resumeJob } from "../../api/calls";
import { errorsQuery, keys } from "../../api/queries";
import type { Job } from "../../api/types";
import { plural } from "../../state/figures";
import { canResume, isActive, stateColour, stateWord, took } from "../../state/jobs";
import { advance, outcomeWords, shareOf, titleOfTransfer } from "../../state/transfers";
import styles from "./Imports.module.css";

/** One import or export: how far it is, what came of it, and what can be done about it. */
export function Transfer({ job }: { job: Job }) {
  const title = titleOfTransfer(job);
  const active = isActive(job);
  const words = [outcomeWords(job), took(job)].filter(Boolean).join(" · ");
  return (
    <article className={styles.job} aria-label={title}>
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <Group gap={8} miw={0}>
          <span className={styles.title}>{title}</span>
          <Badge variant="light" color={stateColour(job)}>
            {stateWord(job)}
          </Badge>
        </Group>
        <Doing job={job} />
      </Group>
      {active && (
        <div role="status">
          <Text size="sm" mt={4} mb={6}>
            {advance(job)}
          </Text>
          <Progress value={job.total > 0 ? 100 * shareOf(job) : 100} animated aria-label={`Progress of ${title}`} />
        </div>
      )}
      {words && (
        <Text size="sm" mt={4} c="var(--soft-ink)">
          {words}
        </Text>
      )}
      {job.error && (
        <Alert mt={8} color="red" title={job.state === "failed" ? "It did not get through" : "It stopped"}>
          {job.error}
        </Alert>
      )}
      {(job.outcome?.failed ?? 0) > 0 && <Errors job={job} failed={job.outcome?.failed ?? 0} />}
    </article>
  );
}

function Doing({ job }: { job: Job }) {
  const client = useQueryClient();
  const show = (news: Job) => client.setQueryData<Job[]>(keys.jobs, (jobs) => jobs?.map((one) => (one.id === news.id ? news : one)));
  const cancel = useMutation({ mutationFn: () => cancelJob(job.id), onSuccess: show });
  const resume = useMutation({ mutationFn: () => resumeJob(job.id), onSuccess: show });
  if (isActive(job))
    return (
      <Button size="xs" variant="default" leftSection={<IconPlayerStop size={15} />} loading={cancel.isPending} disabled={cancel.isSuccess} onClick={() => cancel.mutate()}>
        {cancel.isSuccess ? "Cancelling…" : "Cancel"}
      </Button>
    );
  if (job.kind === "import" && canResume(job))
    return (
      <Button size="xs" leftSection={<IconPlayerPlay size={15} />} loading={resume.isPending} onClick={() => resume.mutate()}>
        Resume
      </Button>
    );
  if (job.kind === "export" && job.state === "succeeded")
    return (
      <Button size="xs" component="a" href={exportedUrl(job.id)} download leftSection={<IconDownload size={15} />}>
        Download
      </Button>
    );
  return null;
}

/** The files that were not taken, each with its reason. */
function Errors({ job, failed }: { job: Job; failed: number }) {
  const [open, setOpen] = useState(false);
  const { data, error } = useQuery({ ...errorsQuery(job.id, failed), enabled: open });
  return (
    <div>
      <Group gap="xs" mt={8}>
        <Button size="compact-sm" variant="default" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? "Hide" : "Show"} {plural(failed, "file that was", "files that were")} not taken
        </Button>
        <Button size="compact-sm" variant="subtle" component="a" href={errorsUrl(job.id)} download leftSection={<IconDownload size={14} />}>
          As CSV
        </Button>
      </Group>
      {open && error && (
        <Text size="sm" c="red" mt={6}>
          {error.message}
        </Text>
      )}
      {open && data && (
        <ul className={styles.errors}>
          {data.errors.map(({ file, reason }, index) => (
            <li key={index}>
              <b>{file}</b> {reason}
            </li>
          ))}
          {data.total > data.errors.length && <li>… and {data.total - data.errors.length} more: the CSV has all.</li>}
        </ul>
      )}
    </div>
  );
}
