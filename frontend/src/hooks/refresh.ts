/** Which cached answers a change makes old. */
import type { QueryClient, QueryKey } from "@tanstack/react-query";

import { batchSize, keys } from "../api/queries";
import type { Job } from "../api/types";
import { isOpen, type Item } from "../state/items";

/** Asks again. A first answer on its way may be to a question from before the change: the question follows once more. */
export async function renew(client: QueryClient, queryKey: QueryKey): Promise<void> {
  const first = client.isFetching({ queryKey, predicate: ({ state }) => state.data === undefined }) > 0;
  await client.invalidateQueries({ queryKey });
  if (first) await client.invalidateQueries({ queryKey });
}

/** A job that was just started or resumed is listed, whatever an older question about jobs is answered. */
export async function enterJob(client: QueryClient, news: Job): Promise<void> {
  await client.cancelQueries({ queryKey: keys.jobs });
  client.setQueryData<Job[]>(keys.jobs, (jobs = []) => [news, ...jobs.filter((one) => one.id !== news.id)]);
}

/** What a label changes beside the label: counts, versions and the accuracy. */
export function refreshFigures(client: QueryClient, project: string): void {
  for (const queryKey of [keys.project(project), keys.classes(project), keys.classifiers(project), keys.projects])
    void renew(client, queryKey);
}

/**
 * What a fit changes that another process makes. Its job is over after it: one that is listed as under way makes the
 * figures old once more when it ends (`useJobs`), and with none under way the figures asked for now are of that fit.
 */
export async function followFit(client: QueryClient, project: string): Promise<void> {
  refreshFigures(client, project);
  await renew(client, keys.jobs);
  refreshFigures(client, project);
}

/** Another encoder is known, or another one looks at the images: everything that it predicts is new. */
export function refreshEncoders(client: QueryClient, project: string): void {
  void client.invalidateQueries({ queryKey: keys.encoders(project) });
  void client.invalidateQueries({ queryKey: keys.presets });
  refreshFigures(client, project);
}

/** A batch of suggestions stays as it is while it is worked through; one that embedding cut short may grow. */
function isSettled(batch: readonly Item[] | undefined): boolean {
  if (!batch?.some(isOpen)) return false;
  return batch.length >= batchSize || !batch.every(isOpen);
}

/** All images are embedded now: a batch that nobody has begun may have been chosen from the first few alone. */
export function renewSuggestions(client: QueryClient, project: string): void {
  for (const [queryKey, batch] of client.getQueriesData<Item[]>({ queryKey: keys.suggestions(project) }))
    if (batch?.every(isOpen)) void client.invalidateQueries({ queryKey });
}

/** The lists again, and new suggestions where none are being worked on. */
export function refreshLists(client: QueryClient, project: string): void {
  void renew(client, keys.lists(project));
  void renew(client, keys.maps(project));
  for (const [queryKey, batch] of client.getQueriesData<Item[]>({ queryKey: keys.suggestions(project) }))
    if (!isSettled(batch)) void client.invalidateQueries({ queryKey });
}
