/** Which cached answers a change makes old. */
import type { QueryClient } from "@tanstack/react-query";

import { keys } from "../api/queries";
import type { Item } from "../state/items";

/** What a label changes beside the label: counts, versions and the accuracy. */
export function refreshFigures(client: QueryClient, project: string): void {
  for (const queryKey of [keys.project(project), keys.classes(project), keys.classifiers(project), keys.projects])
    void client.invalidateQueries({ queryKey });
}

/** The lists again; a batch of suggestions stays as it is while there is work in it. */
export function refreshLists(client: QueryClient, project: string): void {
  void client.invalidateQueries({ queryKey: keys.lists(project) });
  const batch = client.getQueryData<Item[]>(keys.suggestions(project));
  if (!batch?.some((item) => item.classId === null)) void client.invalidateQueries({ queryKey: keys.suggestions(project) });
}
