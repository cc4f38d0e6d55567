/**
 * Labels on their way to the service. One request is under way at a time; what is labelled meanwhile waits and leaves
 * together, so that fast fingers never queue up behind refits. While the service is away, labels are kept and retried.
 */
import type { LabelChange } from "../api/types";

export interface Post<Result> {
  readonly send: (changes: LabelChange[]) => Promise<Result>;
  /** Whether a failure means "later" and not "no". */
  readonly isTemporary: (error: unknown) => boolean;
  /** `changes` are those of the request that no later change has overtaken. */
  readonly onSent: (result: Result, changes: LabelChange[]) => void;
  readonly onRefused: (error: unknown, changes: LabelChange[]) => void;
}

export const largestRequest = 10_000;

export class LabelOutbox<Result> {
  private readonly waiting = new Map<number, string | null>();
  private underWay: LabelChange[] = [];
  private sending = false;
  private drained: Promise<void> = Promise.resolve();

  constructor(
    private readonly post: Post<Result>,
    private readonly pauseMilliseconds = 2000,
  ) {}

  get size(): number {
    return this.waiting.size + (this.sending ? 1 : 0);
  }

  /** The last word on each image of which the service may not know yet. */
  get unsent(): ReadonlyMap<number, string | null> {
    return new Map([...this.underWay.map((change) => [change.image_id, change.class_id] as const), ...this.waiting]);
  }

  /** Settles when nothing waits any more, sent or refused. */
  idle(): Promise<void> {
    return this.drained;
  }

  add(changes: readonly LabelChange[]): void {
    for (const { image_id, class_id } of changes) {
      // The last word on an image counts, and must come after earlier changes to others.
      this.waiting.delete(image_id);
      this.waiting.set(image_id, class_id);
    }
    if (!this.sending) this.drained = this.drain();
  }

  private async drain(): Promise<void> {
    this.sending = true;
    while (this.waiting.size > 0) {
      this.underWay = this.take();
      await this.sendSome(this.underWay);
    }
    this.underWay = [];
    this.sending = false;
  }

  private take(): LabelChange[] {
    const some = [...this.waiting].slice(0, largestRequest);
    for (const [id] of some) this.waiting.delete(id);
    return some.map(([image_id, class_id]) => ({ image_id, class_id }));
  }

  private async sendSome(changes: LabelChange[]): Promise<void> {
    try {
      const result = await this.post.send(changes);
      this.post.onSent(result, changes.filter((change) => !this.waiting.has(change.image_id)));
    } catch (error) {
      if (!this.post.isTemporary(error)) {
        this.post.onRefused(error, changes);
        return;
      }
      for (const { image_id, class_id } of changes)
        if (!this.waiting.has(image_id)) this.waiting.set(image_id, class_id);
      await new Promise((resolve) => setTimeout(resolve, this.pauseMilliseconds));
    }
  }
}
