import { expect, it } from "vitest";

import type { Job } from "../api/types";
import { advance, canReference, isArchive, outcomeWords, sentWords, shareMoved, titleOfTransfer, transfers } from "./transfers";

const job: Job = {
  id: "a",
  kind: "import",
  state: "running",
  project_id: "sea",
  payload: { source: "/data/photos", format: "auto", labels: "labels", keep: "copy" },
  done: 1200,
  total: 5000,
  message: "",
  rate: 85.4,
  seconds_left: 44.5,
  outcome: { added: 1150, known: 50, failed: 0 },
  error: null,
  attempts: 1,
  created_at: "2026-03-01T10:00:00Z",
  started_at: "2026-03-01T10:00:00Z",
  finished_at: null,
};

it("lists a project's imports and exports, the newest first", () => {
  const newer: Job = { ...job, id: "b", kind: "export", created_at: "2026-03-02T10:00:00Z" };
  const others: Job[] = [{ ...job, kind: "embed" }, { ...job, project_id: "land" }];
  expect(transfers([job, ...others, newer], "sea").map(({ id }) => id)).toEqual(["b", "a"]);
});

it("says how far one is, how fast, and how long it will take", () => {
  expect(advance(job)).toBe("1,200 of 5,000 files · 85 a second · about 45 seconds left");
  expect(advance({ ...job, rate: 1.25, seconds_left: null })).toBe("1,200 of 5,000 files · 1.3 a second");
  expect(advance({ ...job, done: 0, total: 0, message: "Listing files" })).toBe("Listing files");
  expect(shareMoved([{ ...job, state: "failed" }, job])).toBe(0.24);
  expect(shareMoved([{ ...job, total: 0 }])).toBe(0);
  expect(shareMoved([{ ...job, state: "succeeded" }])).toBeNull();
});

it("says what came of it, and leaves out what did not happen", () => {
  expect(outcomeWords(job)).toBe("1,150 new · 50 already there");
  expect(outcomeWords({ outcome: { images: 1, bytes: 12_400_000 } })).toBe("1 image · 12 MB");
  expect(outcomeWords({ outcome: null })).toBe("");
});

it("names them by where from and what to", () => {
  expect(titleOfTransfer(job)).toBe("Import from /data/photos");
  const upload = { ...job, payload: { source: "upload:12ab" } };
  expect(titleOfTransfer(upload)).toBe("Import from an uploaded file");
  expect(titleOfTransfer({ ...job, kind: "export", payload: { format: "coco", images: true } })).toBe("Export as COCO with images");
});

it("tells files that hold images from images", () => {
  expect(["a.ZIP", "b.tar.gz", "c.parquet", "labels.csv"].every(isArchive)).toBe(true);
  expect(["a.png", "zip", "README.md"].some(isArchive)).toBe(false);
  expect(["/data/photos", "s3://bucket/x", "upload:12"].map(canReference)).toEqual([true, false, false]);
});

it("forecasts an upload", () => {
  expect(sentWords({ sent: 50e6, total: 200e6, seconds: 10 })).toBe("50 MB of 200 MB · 5 MB a second · about 30 seconds left");
  expect(sentWords({ sent: 0, total: 200e6, seconds: 0 })).toBe("0 MB of 200 MB");
});
