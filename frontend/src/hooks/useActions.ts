import { useMemo, type Dispatch, type SetStateAction } from "react";

import type { ClassBook } from "./useClasses";
import type { Labelling } from "./useLabelling";
import type { LabelChange } from "../api/types";
import { showNote } from "../components/notify";
import { plural } from "../state/figures";
import { acceptedChanges, isOpen, type Item } from "../state/items";
import { advance, withoutImages, type Selection } from "../state/selection";
import { labelFits } from "../state/view";

interface Context {
  list: string;
  items: readonly Item[];
  targets: readonly Item[];
  book: ClassBook;
  labelling: Labelling;
  select: Dispatch<SetStateAction<Selection>>;
}

/** Where the focus goes when these labels are set: on to the next in a queue, or to what slides into the gap. */
function settle({ list, items, select }: Context, changes: readonly LabelChange[]): void {
  const order = items.map((item) => item.id);
  if (list === "suggestions") {
    const labels = new Map(changes.map((change) => [change.image_id, change.class_id]));
    const labelled = new Set(items.filter((item) => labels.has(item.id) ? labels.get(item.id) !== null : !isOpen(item)).map((item) => item.id));
    select((old) => advance(old, order, (id) => labelled.has(id)));
    return;
  }
  const gone = new Set(changes.filter((change) => !labelFits(list, change.class_id)).map((change) => change.image_id));
  select((old) => ({ ...withoutImages(old, order, gone), picked: new Set<number>() }));
}

export function useActions(context: Context) {
  return useMemo(() => {
    const { targets, book, labelling } = context;
    const change = (changes: readonly LabelChange[], description: string) => {
      if (changes.length === 0) return;
      labelling.label(targets, changes, description);
      settle(context, changes);
    };
    const to = (classId: string | null) => targets.map((item) => ({ image_id: item.id, class_id: classId }));
    return {
      label: (classId: string) => change(to(classId), `${plural(targets.length, "image")} as ${book.name(classId)}`),
      unlabel: () => change(to(null), `label of ${plural(targets.length, "image")} removed`),
      accept: () => {
        const changes = acceptedChanges(targets);
        if (changes.length === 0 && targets.length > 0) showNote("There is no prediction to accept here.");
        change(changes, `${plural(changes.length, "prediction")} accepted`);
      },
    };
  }, [context]);
}
