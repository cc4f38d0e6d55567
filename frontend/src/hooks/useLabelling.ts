import { useQueryClient, type InfiniteData, type QueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import { setLabels } from "../api/calls";
import { isBusy, isSignedOut, ServiceAway } from "../api/problem";
import { keys } from "../api/queries";
import type { ImagePage, LabelChange, PoolImage, SearchResult } from "../api/types";
import { showError } from "../components/notify";
import { followFit, refreshFigures, refreshLists } from "./refresh";
import { relabelMap, type EmbeddingMap } from "../state/embeddingMap";
import { labelsOf, relabelItems, relabelPages, relabelResults, type Item, type Labels } from "../state/items";
import { LabelOutbox } from "../state/outbox";
import { emptyHistory, record, redone, undone, type History, type Step } from "../state/undo";

/** Sets labels in everything cached, before the service has heard of them. */
function patchCaches(client: QueryClient, project: string, labels: Labels): void {
  const lists = client.getQueriesData<InfiniteData<ImagePage>>({ queryKey: keys.lists(project) });
  for (const [key, data] of lists)
    if (data) client.setQueryData(key, { ...data, pages: relabelPages(data.pages, labels, String(key[2])) });
  client.setQueriesData<Item[]>({ queryKey: keys.suggestions(project) }, (items) => items && relabelItems(items, labels));
  client.setQueriesData<SearchResult[]>({ queryKey: keys.searches(project) }, (found) => found && relabelResults(found, labels));
  client.setQueriesData<EmbeddingMap | null>({ queryKey: keys.maps(project) }, (map) => map && relabelMap(map, labels));
  for (const [id, label] of labels)
    client.setQueryData<PoolImage>(keys.image(project, id), (image) => image && { ...image, class_id: label });
}

function useOutbox(project: string, onRefused: () => void) {
  const client = useQueryClient();
  const outbox = useMemo(
    () =>
      new LabelOutbox({
        send: (changes) => setLabels(project, changes),
        isTemporary: (error) => {
          // Asked for the key again, the page keeps the labels until it has been given.
          if (isSignedOut(error)) void client.invalidateQueries({ queryKey: keys.session });
          return error instanceof ServiceAway || isBusy(error) || isSignedOut(error);
        },
        onSent: ({ classifier_version: version }, changes) => {
          // A list that was asked for before the service knew may have arrived since, or be on its way.
          patchCaches(client, project, labelsOf(changes));
          if (client.isFetching({ queryKey: keys.lists(project) }) > 0) refreshLists(client, project);
          // Without a version some of the labels wait for their embedding, and are fitted after it.
          if (version === null) void followFit(client, project);
          else refreshFigures(client, project);
        },
        onRefused: (error) => {
          showError(error, "The label was not stored");
          onRefused();
          refreshLists(client, project);
          void client.invalidateQueries({ queryKey: keys.suggestions(project) });
        },
      }),
    [client, project, onRefused],
  );
  // What was asked before a label was stored is often answered after it was set: the label stays as it is seen.
  useEffect(
    () =>
      client.getQueryCache().subscribe((event) => {
        const answered = event.type === "updated" && event.action.type === "success" && !event.action.manual;
        if (answered && outbox.size > 0) patchCaches(client, project, outbox.unsent);
      }),
    [client, project, outbox],
  );
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => {
      if (outbox.size > 0) event.preventDefault();
    };
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [outbox]);
  return outbox;
}

/** An image with the label that it has, to be gone back to. */
type Labelled = Pick<Item, "id" | "classId">;

export interface Labelling {
  readonly label: (items: readonly Labelled[], changes: readonly LabelChange[], description: string) => void;
  readonly undo: () => Step | undefined;
  readonly redo: () => Step | undefined;
  readonly forget: () => void;
  /** Settles when the service knows every label. */
  readonly settled: () => Promise<void>;
  readonly history: History;
}

export function useLabelling(project: string): Labelling {
  const client = useQueryClient();
  const [history, setHistory] = useState<History>(emptyHistory);
  const current = useRef(history);

  const keep = useCallback((next: History) => {
    current.current = next;
    setHistory(next);
  }, []);
  const forget = useCallback(() => keep(emptyHistory), [keep]);
  const outbox = useOutbox(project, forget);

  const apply = useCallback(
    (changes: readonly LabelChange[]) => {
      patchCaches(client, project, labelsOf(changes));
      outbox.add(changes);
    },
    [client, project, outbox],
  );

  const label = useCallback(
    (items: readonly Labelled[], changes: readonly LabelChange[], description: string) => {
      // Pressed at once after another, a key may find the images as they were drawn before that one.
      const old = new Map([...items.map((item) => [item.id, item.classId] as const), ...outbox.unsent]);
      const after = changes.filter((change) => old.get(change.image_id) !== change.class_id);
      // Labels that were in doubt are right as they are: the service no longer asks about them.
      const confirmed = changes.filter((change) => change.class_id !== null && old.get(change.image_id) === change.class_id);
      if (confirmed.length > 0) apply(confirmed);
      if (after.length === 0) return;
      const before = after.map(({ image_id }) => ({ image_id, class_id: old.get(image_id) ?? null }));
      keep(record(current.current, { description, before, after }));
      apply(after);
    },
    [apply, keep, outbox],
  );

  /** Going back brings images back into lists that they had left. */
  const restore = useCallback(
    (changes: readonly LabelChange[]) => {
      apply(changes);
      void outbox.idle().then(() => refreshLists(client, project));
    },
    [apply, outbox, client, project],
  );

  const undo = useCallback(() => {
    const step = current.current.past.at(-1);
    if (!step) return undefined;
    keep(undone(current.current));
    restore(step.before);
    return step;
  }, [restore, keep]);

  const redo = useCallback(() => {
    const step = current.current.future[0];
    if (!step) return undefined;
    keep(redone(current.current));
    restore(step.after);
    return step;
  }, [restore, keep]);

  const settled = useCallback(() => outbox.idle(), [outbox]);
  return useMemo(
    () => ({ label, undo, redo, forget, settled, history }),
    [label, undo, redo, forget, settled, history],
  );
}
