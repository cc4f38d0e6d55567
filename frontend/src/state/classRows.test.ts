import { expect, it } from "vitest";

import { chipsFor, mostChips, mostRows, rowsFor } from "./classRows";

const classes = (count: number) => Array.from({ length: count }, (_, index) => ({ id: `c${index}`, name: `Class ${index}` }));

it("lists few classes whatever is typed, for it is the name of a new one", () => {
  expect(rowsFor(classes(3), "otter")).toEqual({ shown: classes(3), left: 0 });
});

it("finds classes among many, and counts those that are not listed", () => {
  const many = classes(1000);
  expect(rowsFor(many, "").left).toBe(1000 - mostRows);
  expect(rowsFor(many, " class 999 ").shown.map((one) => one.id)).toEqual(["c999"]);
  expect(rowsFor(many, "otter")).toEqual({ shown: [], left: 0 });
});

it("hides no class that has a key", () => {
  const many = classes(100);
  const { chips, others } = chipsFor(many, new Map([["c99", "x"]]));
  expect(chips).toHaveLength(mostChips);
  expect(chips[0]?.id).toBe("c99");
  expect(others).toHaveLength(100 - mostChips);
  expect(chipsFor(classes(3), new Map())).toEqual({ chips: classes(3), others: [] });
});
