/** Jobs as a person follows them: what they are at, how they ended, what can be done about it. */
import type { Job } from "../api/types";
import { duration, secondsBetween } from "./durations";

export const isActive = ({ state }: Job): boolean => state === "queued" || state === "running";
export const canResume = ({ state }: Job): boolean => state === "cancelled" || state === "failed";

const words: Record<Job["state"], string> = {
  queued: "Waiting",
  running: "Running",
  succeeded: "Finished",
  failed: "Failed",
  cancelled: "Cancelled",
};
const colours: Record<Job["state"], string> = {
  queued: "gray",
  running: "sea",
  succeeded: "sea",
  failed: "red",
  cancelled: "gray",
};

export const stateWord = ({ state }: Job): string => words[state];
export const stateColour = ({ state }: Job): string => colours[state];

/** The pretrainings of a project, the newest first. */
export function pretrainings(jobs: readonly Job[], project: string): Job[] {
  return jobs
    .filter((job) => job.kind === "pretrain" && job.project_id === project)
    .sort((a, b) => b.created_at.localeCompare(a.created_at));
}

/** How far the pretraining under way is, 0 to 1; null without one. */
export function shareTrained(runs: readonly Job[]): number | null {
  const job = runs.find(isActive);
  return job ? job.done / Math.max(1, job.total) : null;
}

/** "stopped after 12 minutes"; null for what has not ended, or went in several goes of which the last alone is known. */
export function took({ started_at: start, finished_at: end, state, attempts }: Job): string | null {
  if (start === null || end === null || attempts > 1) return null;
  return `${state === "succeeded" ? "done in" : "stopped after"} ${duration(secondsBetween(start, end))}`;
}

/** What a pretraining was asked for: "cpu-32, 20 epochs, batch = 16". */
export function askedFor({ payload }: Job): string {
  const { preset, epochs, start_from: start, settings } = payload;
  const varied = Object.entries((settings ?? {}) as Record<string, unknown>).map(([name, value]) => `${name} = ${String(value)}`);
  const parts = [
    String(preset),
    typeof epochs === "number" && `${epochs.toLocaleString("en")} epochs`,
    typeof start === "string" && `from ${start}`,
    ...varied,
  ];
  return parts.filter(Boolean).join(", ");
}
