import { expect, it } from "vitest";

import { setHeading } from "./certainty";

it.each([
  [{ set: ["seal"], coverage: 0.9 }, "90 % certain"],
  [{ set: ["seal", "otter"], coverage: 0.9 }, "90 % certain to be one of"],
  [{ set: [], coverage: 0.9 }, "No class fits well enough to be 90 % certain"],
])("a set is introduced by how often it holds the right class", (certainty, words) => {
  expect(setHeading(certainty)).toBe(words);
});

it("says nothing where the labels are too few for a set, or none was asked for", () => {
  expect(setHeading({ set: null, coverage: null })).toBeNull();
  expect(setHeading({})).toBeNull();
});
