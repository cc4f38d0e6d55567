import { expect, it } from "vitest";

import { commandOf } from "./hotkeys";

const press = (key: string, held: Partial<Record<"ctrlKey" | "metaKey" | "altKey" | "shiftKey", boolean>> = {}) =>
  commandOf({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held });

it("labels with digits and letters", () => {
  expect(press("3")).toEqual({ do: "label", key: "3" });
  expect(press("B", { shiftKey: true })).toEqual({ do: "label", key: "b" });
});

it("moves with the arrows and extends with shift", () => {
  expect(press("ArrowDown")).toEqual({ do: "move", by: "row", sign: 1, extend: false });
  expect(press("Home", { shiftKey: true })).toEqual({ do: "move", by: "end", sign: -1, extend: true });
});

it("undoes and redoes in the ways of each system", () => {
  expect(press("z", { ctrlKey: true })).toEqual({ do: "undo" });
  expect(press("Z", { metaKey: true, shiftKey: true })).toEqual({ do: "redo" });
  expect(press("y", { ctrlKey: true })).toEqual({ do: "redo" });
});

it("leaves the browser's own shortcuts alone", () => {
  expect(press("c", { ctrlKey: true })).toBeNull();
  expect(press("1", { altKey: true })).toBeNull();
  expect(press("F5")).toBeNull();
  expect(press("Tab")).toBeNull();
});
