import { expect, it } from "vitest";

import { change, comparison, coverage, isBetter, predecessor, switchVerb, unmeasured, type Measured } from "./encoders";

const estimate = (accuracy: number, low: number, high: number, count = 40) => ({ accuracy, low, high, count });
const present: Measured = {
  id: "old",
  active: true,
  accuracy: estimate(0.54, 0.4, 0.58),
  embedded: 300,
  created_at: "2026-03-01T10:00:00Z",
};
const newer: Measured = { ...present, id: "new", active: false, accuracy: estimate(0.62, 0.5, 0.7), created_at: "2026-03-02T10:00:00Z" };

it("compares with the present one, on the same labels", () => {
  expect(comparison(newer, present)).toBe("62 % against 54 % with the present one, on your 40 labels");
  expect(comparison(present, present)).toBe("Measured on your 40 labels");
});

it("says where so few labels cannot tell", () => {
  const close = { ...newer, accuracy: estimate(0.56, 0.42, 0.7) };
  expect(comparison(close, present)).toContain("cannot tell them apart");
  expect(isBetter(close, present)).toBe(false);
  expect(isBetter(newer, present)).toBe(true);
  expect(isBetter(present, newer)).toBe(false);
});

it("says why there is no figure", () => {
  const blind = { ...newer, accuracy: null, embedded: 12 };
  expect(comparison(blind, present)).toBeNull();
  expect(unmeasured(blind, 300, 40)).toContain("has not looked");
  expect(unmeasured(blind, 300, 1)).toContain("label at least two");
  expect(unmeasured(blind, 0, 0)).toContain("add images");
});

it("goes back to what served before and takes up what is new", () => {
  expect(switchVerb(newer, present)).toBe("Use");
  expect(switchVerb({ ...present, active: false }, { ...newer, active: true })).toBe("Go back");
  expect(switchVerb({ ...present, active: false, embedded: 0 }, { ...newer, active: true })).toBe("Use");
});

it("sets the present one beside what it took over from, or the better one to go back to", () => {
  const worse = { ...present, id: "new", created_at: "2026-03-05T10:00:00Z" };
  const best = { ...newer, id: "best", created_at: "2026-03-01T10:00:00Z" };
  const close = { ...newer, id: "close", accuracy: estimate(0.56, 0.42, 0.7) };
  expect(predecessor([worse, best, close])?.id).toBe("best");
  expect(predecessor([worse, { ...best, accuracy: close.accuracy }, close])?.id).toBe("close");
  expect(predecessor([worse, { ...best, created_at: "2026-03-06T10:00:00Z" }])).toBeUndefined();
  expect(predecessor([{ ...worse, accuracy: null }, best])).toBeUndefined();
});

it("says by how much the accuracy changed", () => {
  expect(change(newer, present)).toBe("On the same 40 labels the accuracy fell by 8 points, from 62 % to 54 %.");
  expect(change(present, newer)).toContain("rose by 8 points");
  expect(change(present, { ...newer, accuracy: estimate(0.55, 0.42, 0.7) })).toContain("rose by 1 point, from 54 % to 55 %, which may be chance.");
});

it("knows how much of the pool was looked at", () => {
  expect(coverage(newer, 400)).toBe(0.75);
  expect(coverage(newer, 0)).toBe(0);
});
