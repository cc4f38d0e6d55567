import { expect, it } from "vitest";

import { setWords } from "./certainty";

it.each([
  [{ set: ["seal"], coverage: 0.9 }, "Plausible: only", "right in 90 % of cases"],
  [{ set: ["seal", "otter"], coverage: 0.9 }, "Plausible:", "one of them right in 90 % of cases"],
  [{ set: [], coverage: 0.9 }, "No class is plausible", ""],
])("a set says how often it holds the right class", (certainty, lead, held) => {
  expect(setWords(certainty)).toEqual({ lead, held });
});

it("says nothing where the labels are too few for a set, or none was asked for", () => {
  expect(setWords({ set: null, coverage: null })).toBeNull();
  expect(setWords({})).toBeNull();
});
