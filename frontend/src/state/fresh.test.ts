import { expect, it } from "vitest";

import { noneFresh, outdated, withAnswer } from "./fresh";

const otter = { class_id: "otter", label: "Otter", probability: 0.9, unknown: false };

it("asks for nothing while the list is as new as the classifier", () => {
  expect(outdated(noneFresh, [1, 2], 3, 3)).toEqual([]);
});

it("asks for what is in sight after a new version, once", () => {
  expect(outdated(noneFresh, [1, 2], 4, 3)).toEqual([1, 2]);
  const fresh = withAnswer(noneFresh, 4, [1, 2], new Map([[1, otter]]));
  expect(outdated(fresh, [1, 2, 5], 4, 3)).toEqual([5]);
});

it("does not ask again for an image that has no prediction", () => {
  const fresh = withAnswer(noneFresh, 4, [1], new Map());
  expect(fresh.byImage.get(1)).toBeNull();
  expect(outdated(fresh, [1], 4, 3)).toEqual([]);
});

it("drops the answers of another version, also after going back to an older one", () => {
  const newer = withAnswer(noneFresh, 7, [1], new Map([[1, otter]]));
  const older = withAnswer(newer, 5, [2], new Map([[2, otter]]));
  expect(outdated(newer, [1], 5, 7)).toEqual([1]);
  expect([...older.byImage.keys()]).toEqual([2]);
});
