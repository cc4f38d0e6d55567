import { expect, it } from "vitest";

import type { Job } from "../api/types";
import { askedFor, canResume, isActive, pretrainings, shareTrained, took } from "./jobs";

const job: Job = {
  id: "a",
  kind: "pretrain",
  state: "cancelled",
  project_id: "sea",
  payload: { preset: "cpu-32", epochs: 20, start_from: null, settings: {} },
  done: 10,
  total: 100,
  message: "",
  rate: null,
  seconds_left: null,
  outcome: null,
  error: null,
  attempts: 1,
  created_at: "2026-03-01T10:00:00Z",
  started_at: "2026-03-01T10:00:00Z",
  finished_at: "2026-03-01T10:02:00Z",
};

it("lists a project's pretrainings, the newest first", () => {
  const newer = { ...job, id: "b", created_at: "2026-03-02T10:00:00Z" };
  const others: Job[] = [{ ...job, kind: "embed" }, { ...job, project_id: "land" }];
  expect(pretrainings([job, ...others, newer], "sea").map(({ id }) => id)).toEqual(["b", "a"]);
});

it("says what was asked for and how long it took", () => {
  expect(askedFor(job)).toBe("cpu-32, 20 epochs");
  const varied = { preset: "cpu-64", epochs: null, start_from: "vit-1", settings: { batch: "16" } };
  expect(askedFor({ ...job, payload: varied })).toBe("cpu-64, from vit-1, batch = 16");
  expect(took(job)).toBe("stopped after 2 minutes");
  expect(took({ ...job, state: "succeeded" })).toBe("done in 2 minutes");
  expect(took({ ...job, finished_at: null })).toBeNull();
  expect(took({ ...job, attempts: 2 })).toBeNull();
});

it("lets what ended too early go on, and nothing else", () => {
  expect([job, { ...job, state: "failed" } as const].every(canResume)).toBe(true);
  expect(canResume({ ...job, state: "succeeded" })).toBe(false);
  expect(isActive({ ...job, state: "queued" })).toBe(true);
  expect(isActive(job)).toBe(false);
});

it("knows how far the one under way is", () => {
  const running: Job = { ...job, state: "running", done: 30, total: 120 };
  expect(shareTrained([running, job])).toBe(0.25);
  expect(shareTrained([{ ...running, done: 0, total: 0 }])).toBe(0);
  expect(shareTrained([job])).toBeNull();
});
