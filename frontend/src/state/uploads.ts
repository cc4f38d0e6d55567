/** Sends files in bounded batches, a few at a time, and keeps count of what became of them. */
import type { Rejected } from "../api/types";
import { inBatches } from "./files";

export interface Outcome {
  readonly added: number;
  readonly duplicates: number;
  readonly rejected: readonly Rejected[];
}

/** Sends one batch; rejects when the service could not take it. */
export type Send = (files: File[], signal: AbortSignal) => Promise<Outcome>;

export interface Progress extends Outcome {
  readonly total: number;
  readonly settled: number;
  readonly running: boolean;
}

const idle: Progress = { total: 0, settled: 0, added: 0, duplicates: 0, rejected: [], running: false };

export const limits = { filesInBatch: 32, bytesInBatch: 24 * 2 ** 20, atOnce: 2, attempts: 3, pauseMilliseconds: 800 };

export class UploadQueue {
  private progress = idle;
  private waiting: { files: File[]; send: Send }[] = [];
  private active = 0;
  private abort = new AbortController();
  private readonly listeners = new Set<() => void>();

  constructor(private readonly bounds = limits) {}

  readonly snapshot = (): Progress => this.progress;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  add(files: readonly File[], rejected: readonly Rejected[], send: Send): void {
    const before = this.progress.running ? this.progress : idle;
    const batches = inBatches(files, this.bounds.filesInBatch, this.bounds.bytesInBatch);
    this.waiting.push(...batches.map((batch) => ({ files: batch, send })));
    this.set({
      ...before,
      total: before.total + files.length + rejected.length,
      settled: before.settled + rejected.length,
      rejected: [...before.rejected, ...rejected],
      running: before.running || files.length > 0,
    });
    this.pump();
  }

  /** Drops what has not been sent; images already accepted stay. */
  cancel(): void {
    this.abort.abort();
    this.abort = new AbortController();
    this.waiting = [];
    this.set({ ...this.progress, total: this.progress.settled, running: false });
  }

  dismiss(): void {
    if (!this.progress.running) this.set(idle);
  }

  private pump(): void {
    while (this.active < this.bounds.atOnce) {
      const batch = this.waiting.shift();
      if (!batch) break;
      this.active += 1;
      void this.run(batch.files, batch.send, this.abort.signal);
    }
    if (this.active === 0 && this.progress.running) this.set({ ...this.progress, running: false });
  }

  private async run(files: File[], send: Send, signal: AbortSignal): Promise<void> {
    const outcome = await this.attempt(files, send, signal);
    this.active -= 1;
    if (!signal.aborted) {
      const { settled, added, duplicates, rejected } = this.progress;
      this.set({
        ...this.progress,
        settled: settled + files.length,
        added: added + outcome.added,
        duplicates: duplicates + outcome.duplicates,
        rejected: [...rejected, ...outcome.rejected],
      });
    }
    this.pump();
  }

  /** Storing is idempotent (images are keyed by their content), so a batch whose answer was lost is sent again. */
  private async attempt(files: File[], send: Send, signal: AbortSignal): Promise<Outcome> {
    for (let left = this.bounds.attempts - 1; ; left--) {
      try {
        return await send(files, signal);
      } catch (error) {
        if (left > 0 && !signal.aborted && isTransient(error)) {
          await new Promise((resolve) => setTimeout(resolve, this.bounds.pauseMilliseconds));
          continue;
        }
        return { added: 0, duplicates: 0, rejected: files.map((file) => refused(file, error)) };
      }
    }
  }

  private set(progress: Progress): void {
    this.progress = progress;
    for (const listener of this.listeners) listener();
  }
}

function isTransient(error: unknown): boolean {
  return !(error instanceof Error && "status" in error && Number(error.status) < 500);
}

function refused(file: File, error: unknown): Rejected {
  const reason = error instanceof Error ? error.message : "The service could not take it.";
  return { filename: file.name, code: "not_sent", reason };
}
