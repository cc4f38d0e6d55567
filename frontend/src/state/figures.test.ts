import { expect, it } from "vitest";

import { accuracies, interval, percent, plural } from "./figures";

it("rounds to whole percents without claiming certainty", () => {
  expect(percent(0.934)).toBe("93 %");
  expect(percent(1)).toBe("100 %");
  expect(percent(0.996)).toBe("> 99 %");
  expect(percent(0.002)).toBe("< 1 %");
  expect(percent(0)).toBe("0 %");
});

it("counts in English", () => {
  expect(plural(1, "class", "classes")).toBe("1 class");
  expect(plural(1747, "image")).toBe("1,747 images");
});

it("says what each accuracy was measured on, the true labels first", () => {
  const estimate = { accuracy: 0.93, low: 0.89, high: 0.96, count: 50 };
  const reference = { ...estimate, count: 1747 };
  expect(accuracies({ estimate, reference, classes: 2 }).map((one) => one.measuredOn)).toEqual([
    "the 1,747 images that were not labelled",
    "50 labels",
  ]);
  expect(accuracies({ estimate: null, reference: null, classes: 2 })).toEqual([]);
  expect(accuracies({ estimate: null, reference, classes: 1 })).toEqual([]);
  expect(interval(estimate)).toBe("89–96");
});
