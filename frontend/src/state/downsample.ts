/** Fewer points that draw the same curve. */
import type { Point } from "./run";

/**
 * At most `most` points, by largest triangle three buckets (Steinarsson 2013): of each bucket the point that
 * stands out most between its neighbours, so that a spike stays a spike. The first and the last are kept.
 */
export function downsample(points: readonly Point[], most: number): readonly Point[] {
  const [first, last] = [points[0], points.at(-1)];
  if (points.length <= most || most < 3 || !first || !last) return points;
  const buckets = split(points.slice(1, -1), most - 2);
  const kept = [first];
  buckets.forEach((bucket, index) => {
    const before = kept.at(-1) ?? first;
    kept.push(standsOut(bucket, before, mean(buckets[index + 1] ?? [last])));
  });
  return [...kept, last];
}

function split(points: readonly Point[], parts: number): Point[][] {
  const edge = (index: number) => Math.floor((index * points.length) / parts);
  return Array.from({ length: parts }, (_, index) => points.slice(edge(index), edge(index + 1)));
}

function mean(points: readonly Point[]): Point {
  const sum = (pick: (point: Point) => number) => points.reduce((total, point) => total + pick(point), 0);
  return { step: sum((point) => point.step) / points.length, value: sum((point) => point.value) / points.length };
}

function standsOut(bucket: readonly Point[], before: Point, after: Point): Point {
  const area = (point: Point) =>
    Math.abs((before.step - after.step) * (point.value - before.value) - (before.step - point.step) * (after.value - before.value));
  return bucket.reduce((best, point) => (area(point) > area(best) ? point : best));
}
