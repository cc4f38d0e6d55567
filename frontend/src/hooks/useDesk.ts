import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useState } from "react";

import { imageQuery } from "../api/queries";
import type { Project } from "../api/types";
import { fromImage, isOpen, type Item } from "../state/items";
import { emptySelection, focusOn, targets as targetsOf, type Selection } from "../state/selection";
import type { View } from "../state/view";
import { useActions } from "./useActions";
import type { ClassBook } from "./useClasses";
import { useFresh } from "./useFresh";
import type { Labelling } from "./useLabelling";
import { usePool } from "./usePool";

/** A finished batch stays up this long, so that the last label is seen to land. */
const glanceMilliseconds = 350;

interface Sight {
  readonly first: number;
  readonly last: number;
}

/** The list's items with the newest predictions known for those in sight. */
function useItems(project: Project, pool: ReturnType<typeof usePool>, sight: Sight, born: number | null) {
  const visible = useMemo(
    () => pool.items.slice(sight.first, sight.last + 1).flatMap((item) => (item.embedded ? [item.id] : [])),
    [pool.items, sight],
  );
  const fresh = useFresh(project.id, project.active_version, born, visible);
  const answering = project.active_version !== null;
  return useMemo(
    () =>
      pool.items.map((item) => {
        // With the last example goes the classifier, and nobody predicts any more.
        if (!answering) return { ...item, prediction: null };
        const prediction = fresh.byImage.get(item.id);
        return prediction ? { ...item, prediction } : item;
      }),
    [pool.items, fresh, answering],
  );
}

/** The queue of suggestions always has an image in hand, so that the first key press labels it. */
function inHand(selection: Selection, items: readonly Item[], suggested: boolean): Selection {
  if (!suggested || selection.focus !== null || selection.picked.size > 0) return selection;
  return focusOn(items.find(isOpen)?.id ?? null);
}

/** One list on the table: its images, what is selected among them, and what can be done with those. */
export function useDesk(project: Project, view: View, picture: File | null, book: ClassBook, labelling: Labelling) {
  const suggested = view.list === "suggestions";
  const pool = usePool(project.id, view, picture);
  const [born, setBorn] = useState(project.active_version);
  const [sight, setSight] = useState<Sight>({ first: 0, last: -1 });
  const [chosen, select] = useState(() => (view.image === null ? emptySelection : focusOn(view.image)));
  const items = useItems(project, pool, sight, born);
  const selection = useMemo(() => inHand(chosen, items, suggested), [chosen, items, suggested]);

  const byId = useMemo(() => new Map(items.map((item) => [item.id, item])), [items]);
  const outside = selection.focus !== null && !byId.has(selection.focus) ? selection.focus : null;
  const { data: visitor } = useQuery({ ...imageQuery(project.id, outside ?? 0), enabled: outside !== null });
  const find = useCallback(
    (id: number) => byId.get(id) ?? (visitor?.id === id ? fromImage(visitor) : undefined),
    [byId, visitor],
  );
  const targets = useMemo(() => targetsOf(selection).flatMap((id) => find(id) ?? []), [selection, find]);

  const context = useMemo(
    () => ({ list: view.list, items, targets, book, labelling, select }),
    [view.list, items, targets, book, labelling],
  );
  const actions = useActions(context);

  const { show, refresh: reload } = pool;
  const see = useCallback(
    (first: number, last: number) => {
      setSight((old) => (old.first === first && old.last === last ? old : { first, last }));
      show(last);
    },
    [show],
  );
  const { settled } = labelling;
  const version = project.active_version;
  const refresh = useCallback(async () => {
    await settled();
    await reload();
    setBorn(version);
    if (suggested) select(emptySelection);
  }, [settled, reload, version, suggested]);

  const finished = suggested && items.length > 0 && !items.some(isOpen);
  const hopeless = items.length === 0 && !pool.loading && born !== version;
  useEffect(() => {
    if (!finished && !hopeless) return;
    const timer = setTimeout(() => void refresh(), glanceMilliseconds);
    return () => clearTimeout(timer);
  }, [finished, hopeless, refresh]);

  return { pool, items, selection, select, find, targets, actions, born, see, refresh };
}
