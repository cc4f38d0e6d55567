import { expect, it } from "vitest";

import { downsample } from "./downsample";

const line = (length: number) => Array.from({ length }, (_, step) => ({ step, value: Math.sin(step / 40) }));

it("leaves short curves as they are", () => {
  const points = line(50);
  expect(downsample(points, 50)).toBe(points);
  expect(downsample([], 10)).toEqual([]);
});

it("keeps so many, in order, with both ends", () => {
  const kept = downsample(line(10_001), 300);
  expect(kept).toHaveLength(300);
  expect([kept[0]?.step, kept.at(-1)?.step]).toEqual([0, 10_000]);
  expect(kept.every((point, index) => index === 0 || point.step > (kept[index - 1]?.step ?? -1))).toBe(true);
});

it("keeps a spike, which a mean would hide", () => {
  const points = line(5000).map((point) => (point.step === 2345 ? { ...point, value: 9 } : point));
  expect(downsample(points, 100)).toContainEqual({ step: 2345, value: 9 });
});
