import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { eventsUrl } from "../api/calls";
import { keys, runQuery } from "../api/queries";
import type { Job, RunRecord } from "../api/types";
import { isActive } from "../state/jobs";
import { emptyRun, fold, type Run } from "../state/run";

/** Many records come at once to a page that was just opened; they are folded together. */
const gatherMilliseconds = 100;
const knockMilliseconds = 3000;

interface Listener {
  readonly onRecords: (records: RunRecord[]) => void;
  readonly onJob: (job: Job) => void;
}

/** Follows a job's events until it is over, through every break of the line; returns what stops it. */
function follow(id: string, { onRecords, onJob }: Listener): () => void {
  let gathered: RunRecord[] = [];
  let last = 0;
  let source: EventSource;
  let knock: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    if (gathered.length > 0) onRecords(gathered);
    gathered = [];
  };
  const timer = setInterval(flush, gatherMilliseconds);
  const stop = () => {
    clearInterval(timer);
    clearTimeout(knock);
    source.close();
  };
  const open = () => {
    source = new EventSource(eventsUrl(id, last));
    source.addEventListener("record", (event) => {
      const record = JSON.parse(String(event.data)) as RunRecord;
      last = Math.max(last, record.number);
      gathered.push(record);
    });
    source.addEventListener("job", (event) => {
      const job = JSON.parse(String(event.data)) as Job;
      flush();
      if (!isActive(job)) stop();
      onJob(job);
    });
    source.addEventListener("error", () => {
      // A browser gives up by itself where a proxy answered in the service's place.
      if (source.readyState === EventSource.CLOSED) knock = setTimeout(open, knockMilliseconds);
    });
  };
  open();
  return stop;
}

function useLiveRun(job: Job, enabled: boolean): Run {
  const client = useQueryClient();
  const [run, setRun] = useState<Run>(emptyRun);
  useEffect(() => {
    if (!enabled) return;
    return follow(job.id, {
      onRecords: (records) => setRun((old) => fold(old, records)),
      onJob: (news) =>
        client.setQueryData<Job[]>(keys.jobs, (jobs) => jobs?.map((one) => (one.id === news.id ? news : one))),
    });
  }, [client, job.id, enabled]);
  return run;
}

/** A pretraining's curves and figures: live while it is under way, read once when it is over. */
export function useRun(job: Job): Run {
  const active = isActive(job);
  const live = useLiveRun(job, active);
  const { data } = useQuery({ ...runQuery(job), enabled: !active });
  return !active && data ? data : live;
}
