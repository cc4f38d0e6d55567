/** Looking through many images before they get one label: all are in until they are taken out. */
import type { Item } from "./items";
import type { Modifiers, Selection } from "./selection";

/** Images that have a label already are out at first, unless there are no others. */
export function allIn(items: readonly Item[]): Selection {
  const open = items.filter((item) => item.classId === null);
  const first = items[0]?.id ?? null;
  return { focus: first, anchor: first, picked: new Set((open.length > 0 ? open : items).map((item) => item.id)) };
}

function withAll(selection: Selection, ids: readonly number[], wanted: boolean): ReadonlySet<number> {
  const picked = new Set(selection.picked);
  for (const id of ids) if (wanted) picked.add(id);
    else picked.delete(id);
  return picked;
}

/** A click takes an image out, or puts it back; with Shift the same happens to all since the last click. */
export function press(selection: Selection, order: readonly number[], id: number, { shift }: Modifiers): Selection {
  const start = order.indexOf(selection.anchor ?? id);
  const end = order.indexOf(id);
  const range = shift && start >= 0 ? order.slice(Math.min(start, end), Math.max(start, end) + 1) : [id];
  const wanted = shift ? selection.picked.has(selection.anchor ?? id) : !selection.picked.has(id);
  return { focus: id, anchor: id, picked: withAll(selection, range, wanted) };
}

/** A box takes out all that it touches; with Ctrl it puts them back. */
export function sweep(before: Selection, ids: readonly number[], back: boolean): Selection {
  return { ...before, focus: ids.at(-1) ?? before.focus, picked: withAll(before, ids, back) };
}

/** The images that are in, in their order. */
export function chosen(items: readonly Item[], { picked }: Selection): Item[] {
  return items.filter((item) => picked.has(item.id));
}

/** More images came under review than were seen before: they are in, and what was decided about the others holds. */
export function withMore(selection: Selection, seen: ReadonlySet<number>, items: readonly Item[]): Selection {
  const added = items.filter((item) => !seen.has(item.id) && item.classId === null).map((item) => item.id);
  return { ...selection, picked: withAll(selection, added, true) };
}
