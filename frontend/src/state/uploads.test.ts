import { describe, expect, it, vi } from "vitest";

import { UploadQueue, type Outcome, type Send } from "./uploads";

const bounds = { filesInBatch: 3, bytesInBatch: 1000, atOnce: 2, attempts: 3, pauseMilliseconds: 1 };
const files = (count: number) => Array.from({ length: count }, (_, index) => new File(["x"], `${index}.png`));
const stored = (batch: File[]): Outcome => ({ added: batch.length, duplicates: 0, rejected: [] });
const finished = (queue: UploadQueue) => vi.waitFor(() => expect(queue.snapshot().running).toBe(false), { timeout: 60_000, interval: 5 });

describe("an upload", () => {
  it("sends every file once, in bounded batches, few at a time", async () => {
    const sizes: number[] = [];
    let active = 0;
    let most = 0;
    const send: Send = async (batch) => {
      sizes.push(batch.length);
      most = Math.max(most, ++active);
      await new Promise((resolve) => setTimeout(resolve, 2));
      active--;
      return stored(batch);
    };
    const queue = new UploadQueue(bounds);
    queue.add(files(10), [], send);
    await finished(queue);
    expect(sizes).toEqual([3, 3, 3, 1]);
    expect(most).toBe(2);
    expect(queue.snapshot()).toMatchObject({ total: 10, settled: 10, added: 10 });
  });

  it("adds up duplicates and rejections, those found before sending included", async () => {
    const refusal = { filename: "0.png", code: "truncated", reason: "It ends early." };
    const queue = new UploadQueue(bounds);
    queue.add(files(3), [{ filename: "notes.txt", code: "not_an_image", reason: "Text." }], () =>
      Promise.resolve({ added: 1, duplicates: 1, rejected: [refusal] }),
    );
    await finished(queue);
    const { added, duplicates, rejected, total, settled } = queue.snapshot();
    expect({ added, duplicates, total, settled }).toEqual({ added: 1, duplicates: 1, total: 4, settled: 4 });
    expect(rejected.map((one) => one.filename)).toEqual(["notes.txt", "0.png"]);
  });

  it("tries a batch again when the answer was lost", async () => {
    let calls = 0;
    const queue = new UploadQueue(bounds);
    queue.add(files(1), [], (batch) => (++calls < 3 ? Promise.reject(new Error("away")) : Promise.resolve(stored(batch))));
    await finished(queue);
    expect(calls).toBe(3);
    expect(queue.snapshot().added).toBe(1);
  });

  it("reports the files of a batch that the service refused, without trying again", async () => {
    let calls = 0;
    const full = Object.assign(new Error("The disk is full."), { status: 413 });
    const queue = new UploadQueue(bounds);
    queue.add(files(2), [], () => {
      calls++;
      return Promise.reject(full);
    });
    await finished(queue);
    expect(calls).toBe(1);
    expect(queue.snapshot().rejected).toEqual([
      { filename: "0.png", code: "not_sent", reason: "The disk is full." },
      { filename: "1.png", code: "not_sent", reason: "The disk is full." },
    ]);
  });

  it("sends nothing more once cancelled", async () => {
    const sent: number[] = [];
    const queue = new UploadQueue({ ...bounds, atOnce: 1 });
    queue.add(files(9), [], async (batch) => {
      sent.push(batch.length);
      await new Promise((resolve) => setTimeout(resolve, 5));
      return stored(batch);
    });
    queue.cancel();
    await new Promise((resolve) => setTimeout(resolve, 15));
    expect(sent).toEqual([3]);
    expect(queue.snapshot().running).toBe(false);
  });

  it("counts afresh after it has finished", async () => {
    const queue = new UploadQueue(bounds);
    queue.add(files(2), [], (batch) => Promise.resolve(stored(batch)));
    await finished(queue);
    queue.add(files(1), [], (batch) => Promise.resolve(stored(batch)));
    await finished(queue);
    expect(queue.snapshot().total).toBe(1);
  });
});
