import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import { jobsQuery } from "../api/queries";
import type { Job } from "../api/types";
import { isActive } from "../state/jobs";
import { refreshEncoders } from "./refresh";

const none: Job[] = [];

/** The newest jobs; one that ends may leave an encoder behind, and have it take over. */
export function useJobs(project: string): readonly Job[] {
  const client = useQueryClient();
  const { data: jobs = none } = useQuery({ ...jobsQuery, meta: { shownInPlace: true } });
  const before = useRef<readonly Job[]>(none);
  useEffect(() => {
    const still = new Set(jobs.filter(isActive).map((job) => job.id));
    const ended = before.current.some((job) => isActive(job) && !still.has(job.id));
    before.current = jobs;
    if (ended) refreshEncoders(client, project);
  }, [client, project, jobs]);
  return jobs;
}
