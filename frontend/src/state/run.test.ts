import { expect, it } from "vitest";

import type { RunRecord } from "../api/types";
import { emptyRun, fold, shareDone } from "./run";

const line = (number: number, step: number, total: number, more: Partial<RunRecord> = {}): RunRecord => ({
  number,
  step,
  steps: 100,
  total,
  ...more,
});

it("grows a curve for every figure that records carry", () => {
  const run = fold(emptyRun, [line(1, 10, 5, { me_max: 0.5 }), line(2, 20, 4, { knn: 0.31 })]);
  expect(run.curves.total).toEqual([
    { step: 10, value: 5 },
    { step: 20, value: 4 },
  ]);
  expect(run.curves.me_max).toEqual([{ step: 10, value: 0.5 }]);
  expect(run.curves.knn).toEqual([{ step: 20, value: 0.31 }]);
  expect(shareDone(run)).toBe(0.2);
});

it("takes each record once, whatever came twice or out of order", () => {
  const once = fold(emptyRun, [line(1, 10, 5), line(2, 20, 4)]);
  const again = fold(once, [line(3, 30, 3), line(2, 20, 4), line(1, 10, 5)]);
  expect(again).toEqual(fold(emptyRun, [line(3, 30, 3), line(1, 10, 5), line(2, 20, 4)]));
  expect(again.curves.total).toHaveLength(3);
});

it("tells a resumed run's steps once: from its checkpoint on they are drawn anew", () => {
  const stopped = fold(emptyRun, [line(1, 10, 5), line(2, 20, 4, { alarm: "late" }), line(3, 30, 3)]);
  const resumed = fold(stopped, [{ number: 4, event: "resumed", step: 15 }, line(5, 20, 4.1)]);
  expect(resumed.curves.total).toEqual([
    { step: 10, value: 5 },
    { step: 20, value: 4.1 },
  ]);
  expect(resumed.alarms).toEqual([]);
});

it("lets the later telling of a step hold", () => {
  const run = fold(emptyRun, [line(1, 10, 5), line(2, 20, 4), line(3, 20, 3.9)]);
  expect(run.curves.total.map((point) => point.value)).toEqual([5, 3.9]);
});

it("forgets the speed of the process that ended", () => {
  const stopped = fold(emptyRun, [line(1, 10, 5, { seconds_left: 90, images_per_second: 200 })]);
  expect(stopped.figures.seconds_left).toBe(90);
  expect(fold(stopped, [{ number: 2, event: "resumed", step: 10 }]).figures).toEqual({ step: 10 });
});

it("counts nothing down while a run is stopped", () => {
  const running = fold(emptyRun, [line(1, 10, 5, { seconds_left: 90, images_per_second: 200 })]);
  const stopped = fold(running, [{ number: 2, event: "stopped", step: 12 }]);
  expect(stopped.figures).toEqual({ step: 12, steps: 100, images_per_second: 200 });
  expect(running.figures.seconds_left).toBe(90);
});

it("keeps each alarm once, at the step that raised it last", () => {
  const run = fold(emptyRun, [
    line(1, 10, 5, { alarm: "Few prototypes." }),
    line(2, 20, 5, { alarm: "The probe stands still." }),
    line(3, 30, 5, { alarm: "Few prototypes." }),
  ]);
  expect(run.alarms).toEqual([
    { advice: "The probe stands still.", step: 20 },
    { advice: "Few prototypes.", step: 30 },
  ]);
});

it("keeps what the run says of troubles, and not what its state says already", () => {
  const run = fold(emptyRun, [
    { number: 1, event: "micro_batch", step: 3, message: "Memory is short: 16 at a time." },
    { number: 2, event: "stopped", step: 4, message: "saved at step 4" },
  ]);
  expect(run.notes).toEqual(["Memory is short: 16 at a time."]);
  expect(run.curves.total).toEqual([]);
  expect(shareDone(emptyRun)).toBeNull();
});
