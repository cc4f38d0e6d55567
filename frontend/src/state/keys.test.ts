import { expect, it } from "vitest";

import { assignKeys, classOfKey } from "./keys";

const named = (...names: string[]) => names.map((name) => ({ id: name.toLowerCase(), name }));

it("gives digits first, then letters", () => {
  const keys = assignKeys(named(...Array.from({ length: 11 }, (_, index) => `Class ${index}`)));
  expect([...keys.values()]).toEqual("123456789ab".split(""));
});

it("lets a class named by one character keep that key", () => {
  const keys = assignKeys(named("0", "1", "Otter", "b"));
  expect(Object.fromEntries(keys)).toEqual({ "0": "0", "1": "1", otter: "2", b: "b" });
});

it("lets numbers in words keep their digit", () => {
  expect(Object.fromEntries(assignKeys(named("Zero", "Two", "Otter")))).toEqual({ zero: "0", two: "2", otter: "1" });
});

it("never gives a key twice, and none when all are taken", () => {
  const keys = assignKeys(named(...Array.from({ length: 60 }, (_, index) => `Class ${index}`)));
  expect(new Set(keys.values()).size).toBe(keys.size);
  expect(keys.size).toBe(35);
});

it("finds the class of a key whatever the case", () => {
  const keys = assignKeys(named("a", "Seal"));
  expect(classOfKey(keys, "A")).toBe("a");
  expect(classOfKey(keys, "1")).toBe("seal");
  expect(classOfKey(keys, "9")).toBeUndefined();
});
