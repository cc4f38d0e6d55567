import { expect, it } from "vitest";

import type { Job } from "../api/types";
import { batchOf, makePlan, parseSettings, runToGoBy, suggestPreset, timeHint, warning } from "./plan";

const tiny = { name: "cpu-32", batch: 32, device: "cpu" } as const;
const large = { name: "vit-s16", batch: 1024, device: "gpu" } as const;

it("counts the steps as the run will: whole batches alone", () => {
  expect(makePlan(tiny, 300, 10, null).steps).toBe(90);
  expect(makePlan(tiny, 300, 0.01, null).steps).toBe(1);
});

it("forecasts from this machine where it can, from what was measured where it must", () => {
  expect(makePlan(tiny, 320, 100, 100)).toEqual({ steps: 1000, seconds: 320, from: "this machine" });
  expect(timeHint(makePlan(tiny, 320, 100, 100), "cpu")).toContain("About 5 minutes, going by the last run");
  expect(timeHint(makePlan(tiny, 320, 100, null), "cpu")).toContain("on one CPU core");
  expect(timeHint(makePlan(large, 5000, 100, null), "gpu")).toContain("measured this on your GPU");
});

it("forecasts of the bundled encoder's run what it took", () => {
  const plan = makePlan({ name: "cpu-64", batch: 128, device: "cpu" }, 100_000, 8, null);
  expect(plan.steps).toBe(6248);
  expect(timeHint(plan, "cpu")).toContain("About 42 minutes on one CPU core");
});

it("warns of a pool that fills no batch, and of too few steps", () => {
  expect(warning(makePlan(tiny, 20, 10, null), tiny, 20)).toEqual({ text: expect.stringContaining("20 images, and one step takes 32") as string });
  expect(warning(makePlan(tiny, 300, 10, null), tiny, 300)).toEqual({ text: expect.stringMatching(/^90 steps teach/) as string, epochs: 60 });
  expect(warning(makePlan(tiny, 300, 60, null), tiny, 300)).toBeNull();
});

it("goes by the newest run of the same preset, unchanged", () => {
  const run = { state: "succeeded", payload: { preset: "cpu-32", settings: {} } } as unknown as Job;
  const varied: Job = { ...run, payload: { preset: "cpu-32", settings: { batch: "8" } } };
  expect(runToGoBy(tiny, [{ ...run, state: "queued" }, varied, run])).toBe(run);
  expect(runToGoBy(large, [run])).toBeUndefined();
});

it("reads settings line by line", () => {
  expect(parseSettings(" mask_ratio = 0.3\n\nbatch=16 ")).toEqual({ settings: { mask_ratio: "0.3", batch: "16" }, error: null });
  expect(parseSettings("mask_ratio 0.3").error).toContain("mask_ratio 0.3");
  expect(parseSettings("batch=1\nbatch=2").error).toBe("batch is set twice.");
  expect(batchOf(tiny, { batch: "16" })).toBe(16);
  expect(batchOf(tiny, { batch: "many" })).toBe(32);
});

it("suggests a preset for CPUs that makes enough of the pool", () => {
  const [gpu, small, smallest] = [
    { ...large, epochs: 800 },
    { name: "cpu-64", batch: 128, device: "cpu", epochs: 3 } as const,
    { ...tiny, epochs: 40 },
  ];
  expect(suggestPreset([gpu, small, smallest], 100_000)).toBe(small);
  expect(suggestPreset([gpu, small, smallest], 300)).toBe(smallest);
  expect(suggestPreset([gpu, small, smallest], 20)).toBe(smallest);
  expect(suggestPreset([gpu], 300)).toBe(gpu);
});
