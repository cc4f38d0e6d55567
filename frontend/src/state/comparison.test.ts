import { describe, expect, it } from "vitest";

import { byWinner, firstPair } from "./comparison";

it("tells who is right where the two differ", () => {
  const all = [
    { image_id: 1, class_id: "seal", a: "seal", b: "otter" },
    { image_id: 2, class_id: "seal", a: "otter", b: "seal" },
    { image_id: 3, class_id: "seal", a: "otter", b: "whale" },
    { image_id: 4, class_id: "otter", a: null, b: "otter" },
  ];
  const { onlyA, onlyB, neither } = byWinner(all);
  expect([onlyA, onlyB, neither].map((some) => some.map((one) => one.image_id))).toEqual([[1], [2, 4], [3]]);
});

describe("the first pair to compare", () => {
  const version = (number: number, active = false) => ({ version: number, active });

  it("is the answering version and the one before it", () => {
    expect(firstPair([version(7), version(5), version(9, true), version(8)])).toEqual({ a: 8, b: 9 });
  });

  it("after a roll-back to the oldest is the newest beside it", () => {
    expect(firstPair([version(5, true), version(8), version(9)])).toEqual({ a: 9, b: 5 });
  });

  it("needs two versions", () => {
    expect(firstPair([version(5, true)])).toBeNull();
    expect(firstPair([])).toBeNull();
  });
});
