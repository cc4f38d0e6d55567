import { expect, it } from "vitest";

import { allIn, chosen, press, sweep, withMore } from "./bulk";
import type { Item } from "./items";

const item = (id: number, classId: string | null = null): Item => ({
  id,
  classId,
  filename: null,
  embedded: true,
  prediction: null,
  reason: null,
  doubted: false,
  closeness: null,
});
const items = [1, 2, 3, 4, 5].map((id) => item(id));
const order = items.map(({ id }) => id);
const plain = { shift: false, toggle: false };
const shift = { shift: true, toggle: false };
const picked = (selection: { picked: ReadonlySet<number> }) => [...selection.picked].sort();

it("begins with all that have no label", () => {
  expect(picked(allIn([...items, item(6, "otter")]))).toEqual(order);
  expect(picked(allIn([item(6, "otter")]))).toEqual([6]);
});

it("takes images out one by one, in rows and by boxes, and puts them back", () => {
  const all = allIn(items);
  const without2 = press(all, order, 2, plain);
  expect(picked(without2)).toEqual([1, 3, 4, 5]);
  expect(picked(press(without2, order, 2, plain))).toEqual(order);
  const without2to4 = press(without2, order, 4, shift);
  expect(picked(without2to4)).toEqual([1, 5]);
  expect(picked(sweep(all, [1, 2], false))).toEqual([3, 4, 5]);
  expect(picked(sweep(without2to4, [3, 4], true))).toEqual([1, 3, 4, 5]);
});

it("keeps what was decided when more come under review", () => {
  const without2 = press(allIn(items), order, 2, plain);
  const more = withMore(without2, new Set(order), [...items, item(6), item(7, "seal")]);
  expect(picked(more)).toEqual([1, 3, 4, 5, 6]);
  expect(chosen(items.slice(0, 3), more).map(({ id }) => id)).toEqual([1, 3]);
});
