import { useMutation, useQueryClient } from "@tanstack/react-query";

import { startMap } from "../api/calls";
import type { Job } from "../api/types";
import { isActive } from "../state/jobs";
import { enterJob } from "./refresh";

/** The newest map job of the project, and how to ask for another. */
export function useMapJob(project: string, jobs: readonly Job[]) {
  const client = useQueryClient();
  const job = jobs
    .filter((one) => one.kind === "map" && one.project_id === project)
    .sort((a, b) => b.created_at.localeCompare(a.created_at))[0];
  const start = useMutation({
    mutationFn: () => startMap(project),
    meta: { shownInPlace: true },
    onSuccess: (news) => enterJob(client, news),
  });
  return { start, making: job && isActive(job) ? job : null, failed: job?.state === "failed" ? job.error : null };
}
