import { describe, expect, it } from "vitest";

import { advance, boxed, click, emptySelection, focusOn, move, pickAll, targets, toggleFocused, withoutImages } from "./selection";

const order = [10, 20, 30, 40, 50];
const none = { shift: false, toggle: false };
const shift = { shift: true, toggle: false };
const ctrl = { shift: false, toggle: true };

describe("clicking", () => {
  it("focuses one image, which is then the target", () => {
    expect(targets(click(emptySelection, order, 30, none))).toEqual([30]);
  });

  it("with shift picks the range from the last click, in either direction", () => {
    expect(targets(click(focusOn(20), order, 40, shift))).toEqual([20, 30, 40]);
    expect(targets(click(focusOn(40), order, 20, shift))).toEqual([20, 30, 40]);
  });

  it("with shift again re-draws the range from the same anchor", () => {
    const wide = click(focusOn(20), order, 50, shift);
    expect(targets(click(wide, order, 30, shift))).toEqual([20, 30]);
  });

  it("with ctrl adds to the focused image, and takes back", () => {
    const two = click(focusOn(10), order, 30, ctrl);
    expect(targets(two)).toEqual([10, 30]);
    expect(targets(click(two, order, 10, ctrl))).toEqual([30]);
  });

  it("without modifiers drops earlier picks", () => {
    expect(targets(click(pickAll(emptySelection, order), order, 20, none))).toEqual([20]);
  });
});

describe("the keyboard", () => {
  it("moves the focus and stays inside the list", () => {
    expect(move(focusOn(20), order, 2, false).focus).toBe(40);
    expect(move(focusOn(20), order, -9, false).focus).toBe(10);
    expect(move(focusOn(20), order, Infinity, false).focus).toBe(50);
  });

  it("starts at the first image when nothing has the focus", () => {
    expect(move(emptySelection, order, 1, false).focus).toBe(10);
    expect(move(focusOn(99), order, 1, false).focus).toBe(10);
  });

  it("extends with shift from where the focus was", () => {
    expect(targets(move(move(focusOn(20), order, 1, true), order, 1, true))).toEqual([20, 30, 40]);
  });

  it("picks with space without losing earlier picks on the way", () => {
    const first = toggleFocused(focusOn(10));
    const third = toggleFocused(move(first, order, 2, false));
    expect(targets(third)).toEqual([10, 30]);
  });
});

describe("a dragged box", () => {
  it("replaces the picks", () => {
    expect(targets(boxed(toggleFocused(focusOn(50)), [10, 20], false))).toEqual([10, 20]);
  });

  it("adds to the picks there were when additive, and can shrink again", () => {
    const before = toggleFocused(focusOn(50));
    expect(targets(boxed(before, [10, 20], true))).toEqual([50, 10, 20]);
    expect(targets(boxed(before, [10], true))).toEqual([50, 10]);
  });

  it("keeps the focus when it touches nothing", () => {
    expect(boxed(focusOn(30), [], false).focus).toBe(30);
  });
});

describe("after labelling", () => {
  it("a queue goes on to the next image without a label", () => {
    expect(advance(focusOn(20), order, (id) => id === 20 || id === 30).focus).toBe(40);
  });

  it("a queue comes back to what was skipped, and stays when all is done", () => {
    expect(advance(focusOn(50), order, (id) => id !== 10).focus).toBe(10);
    expect(advance(focusOn(50), order, () => true).focus).toBe(50);
  });

  it("the focus takes the place of an image that left the list", () => {
    expect(withoutImages(focusOn(30), order, new Set([30, 40])).focus).toBe(50);
    expect(withoutImages(focusOn(50), order, new Set([50])).focus).toBe(40);
    expect(withoutImages(focusOn(10), [10], new Set([10])).focus).toBeNull();
  });
});
