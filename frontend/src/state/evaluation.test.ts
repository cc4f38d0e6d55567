import { describe, expect, it } from "vitest";

import { forecastInWords, points, pointsBetween, sentence, weakestFirst, type Share } from "./evaluation";

const share = (value: number): Share => ({ value, low: value, high: value, count: 10 });
const judged = (id: string, precision: number | null, recall: number | null) => ({
  id,
  examples: 5,
  precision: precision === null ? null : share(precision),
  recall: recall === null ? null : share(recall),
});

it("puts the class that needs work first and those not measured last", () => {
  const classes = [judged("new", null, null), judged("good", 1, 0.9), judged("mistaken", 0.4, 1), judged("missed", 1, 0.5), judged("half", null, 0.1)];
  expect(weakestFirst(classes).map((one) => one.id)).toEqual(["mistaken", "missed", "good", "half", "new"]);
});

describe("differences", () => {
  it.each([
    [0.034, "+3.4 points"],
    [-0.01, "−1 point"],
    [0.0001, "no change"],
    [-0.12, "−12 points"],
  ])("%d reads %s", (difference, words) => {
    expect(points(difference)).toBe(words);
  });

  it("have both ends with their sign", () => {
    expect(pointsBetween(-0.021, 0.09)).toBe("−2 to +9");
    expect(pointsBetween(0, 0.004)).toBe("0 to 0");
  });
});

it("says what more labels would bring", () => {
  const forecast = { labels: 50, accuracy: 0.84, low: 0.77, high: 0.9 };
  expect(forecastInWords(forecast, 40)).toBe("with 10 more labels 84 % (77–90)");
});

it("begins a sentence with a capital", () => {
  expect(sentence("label more: ten more would help")).toBe("Label more: ten more would help");
  expect(sentence("")).toBe("");
});
