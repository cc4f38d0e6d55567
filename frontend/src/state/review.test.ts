import { describe, expect, it } from "vitest";

import { kept, relabelled, undecided, type Review, type Suspect } from "./review";

const suspect = (image_id: number, class_id = "otter"): Suspect => ({
  image_id,
  class_id,
  suggested_class_id: "seal",
  score: 0.9,
  reason: "7 of 8 neighbours are seals",
});
const nothing: Review = new Map();
const ids = (suspects: readonly Suspect[]) => suspects.map((one) => one.image_id);

describe("labels that look wrong", () => {
  const all = [suspect(1), suspect(2), suspect(3)];

  it("are asked about until decided, in their order", () => {
    expect(ids(undecided(all, nothing, 5))).toEqual([1, 2, 3]);
    expect(ids(undecided(all, relabelled(kept(nothing, suspect(2)), suspect(1), 5), 5))).toEqual([3]);
  });

  it("stay kept in later versions, while one whose change was taken back is asked about again", () => {
    const review = relabelled(kept(nothing, suspect(2)), suspect(1), 5);
    expect(ids(undecided(all, review, 6))).toEqual([1, 3]);
  });

  it("are asked about again under another label", () => {
    expect(ids(undecided([suspect(2, "whale")], kept(nothing, suspect(2)), 5))).toEqual([2]);
  });
});
