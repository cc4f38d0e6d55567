import { expect, it } from "vitest";

import type { LabelChange } from "../api/types";
import { LabelOutbox } from "./outbox";

const change = (image_id: number, class_id: string | null = "otter"): LabelChange => ({ image_id, class_id });

/** A service under the test's control: each request waits for `answer`. */
function service() {
  const requests: LabelChange[][] = [];
  const refused: LabelChange[][] = [];
  const sent: LabelChange[][] = [];
  const waiting: ((error?: Error) => void)[] = [];
  const outbox = new LabelOutbox(
    {
      send: (changes) => {
        requests.push(changes);
        return new Promise<void>((resolve, reject) => waiting.push((error) => (error ? reject(error) : resolve())));
      },
      isTemporary: (error) => error instanceof TypeError,
      onSent: (_result, changes) => sent.push(changes),
      onRefused: (_error, changes) => refused.push(changes),
    },
    1,
  );
  const answer = async (error?: Error) => {
    waiting.shift()?.(error);
    await new Promise((resolve) => setTimeout(resolve, 5));
  };
  return { outbox, requests, refused, sent, answer };
}

it("sends the first label at once and gathers the next ones meanwhile", async () => {
  const { outbox, requests, answer } = service();
  outbox.add([change(1)]);
  outbox.add([change(2)]);
  outbox.add([change(3), change(4)]);
  expect(requests).toEqual([[change(1)]]);
  await answer();
  expect(requests[1]).toEqual([change(2), change(3), change(4)]);
});

it("lets the last word on an image count", async () => {
  const { outbox, requests, answer } = service();
  outbox.add([change(1)]);
  outbox.add([change(2, "seal"), change(3)]);
  outbox.add([change(2, null)]);
  await answer();
  expect(requests[1]).toEqual([change(3), change(2, null)]);
});

it("reports a label as stored only if no newer one is on its way", async () => {
  const { outbox, sent, answer } = service();
  outbox.add([change(1), change(2)]);
  outbox.add([change(2, "seal")]);
  await answer();
  expect(sent).toEqual([[change(1)]]);
  await answer();
  expect(sent[1]).toEqual([change(2, "seal")]);
});

it("keeps labels while the service is away, without overwriting newer ones", async () => {
  const { outbox, requests, answer } = service();
  outbox.add([change(1), change(2)]);
  outbox.add([change(1, "seal")]);
  await answer(new TypeError("away"));
  expect(requests[1]).toEqual([change(1, "seal"), change(2)]);
  expect(outbox.size).toBeGreaterThan(0);
});

it("tells what the service may not know yet, the last word on each image", async () => {
  const { outbox, answer } = service();
  outbox.add([change(1), change(2)]);
  outbox.add([change(2, "seal"), change(3, null)]);
  expect([...outbox.unsent]).toEqual([[1, "otter"], [2, "seal"], [3, null]]);
  await answer();
  expect([...outbox.unsent]).toEqual([[2, "seal"], [3, null]]);
  await answer();
  expect(outbox.unsent.size).toBe(0);
});

it("drops what was refused and goes on with the rest", async () => {
  const { outbox, requests, refused, answer } = service();
  outbox.add([change(1, "gone")]);
  outbox.add([change(2)]);
  await answer(new Error("no such class"));
  expect(refused).toEqual([[change(1, "gone")]]);
  expect(requests[1]).toEqual([change(2)]);
  await answer();
  await outbox.idle();
  expect(outbox.size).toBe(0);
});
