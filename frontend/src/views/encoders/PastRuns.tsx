import { Badge, Text, UnstyledButton } from "@mantine/core";
import { IconChevronRight } from "@tabler/icons-react";
import { useState } from "react";

import type { Job, Project } from "../../api/types";
import { SectionTitle } from "../../components/SectionTitle";
import { askedFor, stateColour, stateWord, took } from "../../state/jobs";
import styles from "./Encoders.module.css";
import { Pretraining } from "./Pretraining";

interface Props {
  jobs: readonly Job[];
  project: Project;
}

/** Earlier pretrainings: how each ended, and its curves when opened. */
export function PastRuns({ jobs, project }: Props) {
  const [open, setOpen] = useState<string | null>(null);
  return (
    <section aria-label="Earlier pretrainings">
      <SectionTitle>Earlier pretrainings</SectionTitle>
      {jobs.map((job) => (
        <div key={job.id} className={styles.past}>
          <UnstyledButton
            className={styles.pastHead}
            aria-expanded={open === job.id}
            onClick={() => setOpen(open === job.id ? null : job.id)}
          >
            <IconChevronRight size={16} className={styles.chevron} />
            <Badge variant="light" color={stateColour(job)}>
              {stateWord(job)}
            </Badge>
            <Text size="sm" fw={600}>
              {askedFor(job)}
            </Text>
            <Text size="sm" c="var(--soft-ink)">
              {new Date(job.created_at).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" })}
              {took(job) && `, ${took(job) ?? ""}`}
            </Text>
            {job.error && open !== job.id && (
              <Text size="sm" c="red" truncate>
                {job.error}
              </Text>
            )}
          </UnstyledButton>
          {open === job.id && <Pretraining job={job} project={project} />}
        </div>
      ))}
    </section>
  );
}
