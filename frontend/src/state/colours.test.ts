import { expect, it } from "vitest";

import { assignColours, lifted } from "./colours";

const ids = ["otter", "seal", "whale", "crab", "squid", "urchin", "ray", "eel"];

it("gives up to sixteen classes a colour each of their own", () => {
  const many = Array.from({ length: 16 }, (_, index) => `class-${index}`);
  expect(new Set(assignColours(many).values()).size).toBe(16);
});

it("keeps the colours of the classes there are when one is added", () => {
  const before = assignColours(ids);
  const after = assignColours([...ids, "shark"]);
  for (const id of ids) expect(after.get(id)).toBe(before.get(id));
});

it("repeats colours when there are more classes than colours", () => {
  const many = Array.from({ length: 40 }, (_, index) => `class-${index}`);
  expect(assignColours(many).size).toBe(40);
});

it("lifts colours towards white", () => {
  expect(lifted("#2b3a7a", 0)).toBe("#2b3a7a");
  expect(lifted("#000080", 0.5)).toBe("#8080c0");
});
