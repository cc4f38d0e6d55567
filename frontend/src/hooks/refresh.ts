/** Which cached answers a change makes old. */
import type { QueryClient } from "@tanstack/react-query";

import { batchSize, keys } from "../api/queries";
import { isOpen, type Item } from "../state/items";

/** What a label changes beside the label: counts, versions and the accuracy. */
export function refreshFigures(client: QueryClient, project: string): void {
  for (const queryKey of [keys.project(project), keys.classes(project), keys.classifiers(project), keys.projects])
    void client.invalidateQueries({ queryKey });
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
  void client.invalidateQueries({ queryKey: keys.lists(project) });
  void client.invalidateQueries({ queryKey: keys.maps(project) });
  for (const [queryKey, batch] of client.getQueriesData<Item[]>({ queryKey: keys.suggestions(project) }))
    if (!isSettled(batch)) void client.invalidateQueries({ queryKey });
}
