/**
 * What the next key or click acts on. `focus` follows the arrow keys and the mouse; `picked` holds what was chosen
 * on purpose (shift, ctrl, space, a box). Without picks, the focused image is the target.
 */
export interface Selection {
  readonly focus: number | null;
  readonly anchor: number | null;
  readonly picked: ReadonlySet<number>;
}

export const emptySelection: Selection = { focus: null, anchor: null, picked: new Set() };

export interface Modifiers {
  readonly shift: boolean;
  readonly toggle: boolean;
}

/** The ids between two positions of `order`, both included. */
function range(order: readonly number[], from: number | null, to: number): number[] {
  const start = from === null ? -1 : order.indexOf(from);
  const end = order.indexOf(to);
  if (start < 0 || end < 0) return [to];
  return order.slice(Math.min(start, end), Math.max(start, end) + 1);
}

export function focusOn(id: number | null): Selection {
  return { focus: id, anchor: id, picked: new Set() };
}

export function toggle(selection: Selection, id: number): Selection {
  const picked = new Set(selection.picked);
  // Ctrl-click beside a focused image means "this one as well", as in any file manager.
  if (picked.size === 0 && selection.focus !== null && selection.focus !== id) picked.add(selection.focus);
  if (!picked.delete(id)) picked.add(id);
  return { focus: id, anchor: id, picked };
}

export function extendTo(selection: Selection, order: readonly number[], id: number): Selection {
  const anchor = selection.anchor ?? id;
  return { focus: id, anchor, picked: new Set(range(order, anchor, id)) };
}

export function click(selection: Selection, order: readonly number[], id: number, keys: Modifiers): Selection {
  if (keys.shift) return extendTo(selection, order, id);
  if (keys.toggle) return toggle(selection, id);
  return focusOn(id);
}

/** Picks the focused image, or puts it back. */
export function toggleFocused(selection: Selection): Selection {
  if (selection.focus === null) return selection;
  const picked = new Set(selection.picked);
  if (!picked.delete(selection.focus)) picked.add(selection.focus);
  return { ...selection, anchor: selection.focus, picked };
}

/** Moves the focus by `delta` positions, staying inside the list; picks are kept unless the range is extended. */
export function move(selection: Selection, order: readonly number[], delta: number, extend: boolean): Selection {
  if (order.length === 0) return selection;
  const at = selection.focus === null ? -1 : order.indexOf(selection.focus);
  const index = at < 0 ? 0 : Math.min(order.length - 1, Math.max(0, at + delta));
  const id = order[index] ?? null;
  if (id === null) return selection;
  if (extend) return extendTo(selection, order, id);
  return { ...selection, focus: id, anchor: id };
}

/** A dragged box replaces the picks, or adds to the ones there were when the drag began. */
export function boxed(before: Selection, ids: readonly number[], additive: boolean): Selection {
  const picked = new Set(additive ? [...before.picked, ...ids] : ids);
  const last = ids.at(-1) ?? before.focus;
  return { focus: last, anchor: ids[0] ?? before.anchor, picked };
}

export function pickAll(selection: Selection, order: readonly number[]): Selection {
  return { focus: selection.focus ?? order[0] ?? null, anchor: order[0] ?? null, picked: new Set(order) };
}

export function clearPicks(selection: Selection): Selection {
  return { ...selection, picked: new Set() };
}

export function targets(selection: Selection): number[] {
  if (selection.picked.size > 0) return [...selection.picked];
  return selection.focus === null ? [] : [selection.focus];
}

/** After labelling a queue: the next image from the focus on that still needs a label, from the top if none follows. */
export function advance(selection: Selection, order: readonly number[], done: (id: number) => boolean): Selection {
  const at = selection.focus === null ? -1 : order.indexOf(selection.focus);
  const ahead = [...order.slice(at + 1), ...order.slice(0, at + 1)];
  const next = ahead.find((id) => !done(id));
  return next === undefined ? clearPicks(selection) : focusOn(next);
}

/** After images left the list: the focus stays at its position, so the next one slides under the same key. */
export function withoutImages(selection: Selection, order: readonly number[], gone: ReadonlySet<number>): Selection {
  const picked = new Set([...selection.picked].filter((id) => !gone.has(id)));
  if (selection.focus === null || !gone.has(selection.focus)) return { ...selection, picked };
  const at = order.indexOf(selection.focus);
  const next =
    order.slice(at + 1).find((id) => !gone.has(id)) ?? order.slice(0, Math.max(at, 0)).findLast((id) => !gone.has(id));
  return { focus: next ?? null, anchor: next ?? null, picked };
}
