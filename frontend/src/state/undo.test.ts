import { expect, it } from "vitest";

import { emptyHistory, record, redone, undone } from "./undo";

const step = (id: number) => ({
  description: `step ${id}`,
  before: [{ image_id: id, class_id: null }],
  after: [{ image_id: id, class_id: "otter" }],
});

it("undoes the last step first and redoes it last", () => {
  const two = record(record(emptyHistory, step(1)), step(2));
  const back = undone(undone(two));
  expect(back.past).toEqual([]);
  expect(back.future.map((one) => one.description)).toEqual(["step 1", "step 2"]);
  expect(redone(redone(back))).toEqual(two);
});

it("forgets what was undone as soon as something new is done", () => {
  const history = record(undone(record(emptyHistory, step(1))), step(2));
  expect(history.future).toEqual([]);
  expect(history.past.map((one) => one.description)).toEqual(["step 2"]);
});

it("has nothing to undo or redo at the start", () => {
  expect(undone(emptyHistory)).toEqual(emptyHistory);
  expect(redone(emptyHistory)).toEqual(emptyHistory);
});

it("remembers the last hundred steps", () => {
  const long = Array.from({ length: 130 }, (_, id) => step(id)).reduce(record, emptyHistory);
  expect(long.past).toHaveLength(100);
  expect(long.past.at(-1)?.description).toBe("step 129");
});
