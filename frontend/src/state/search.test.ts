import { expect, it } from "vitest";

import { amongChoices, nearestOf, searchOf, similarTo } from "./search";

it("keeps a search in the name of a list", () => {
  expect(searchOf(similarTo([12, 15]))).toEqual({ by: "images", ids: [12, 15] });
  expect(searchOf(nearestOf("a:b"))).toEqual({ by: "class", classId: "a:b" });
  expect(searchOf("picture")).toEqual({ by: "picture" });
});

it("finds no search in other names", () => {
  for (const list of ["all", "class:otter", "similar:", "similar:1,", "similar:x"]) expect(searchOf(list)).toBeNull();
});

it("asks about no more images than an address can hold", () => {
  const ids = Array.from({ length: 500 }, (_, index) => index + 1);
  expect(searchOf(similarTo(ids))).toMatchObject({ ids: { length: 16 } });
});

it("offers predictions to look among only where there are some", () => {
  const seals = [{ id: "seal", name: "Seal" }];
  expect(amongChoices(seals, true).map((one) => one.value)).toEqual(["all", "unlabelled", "labelled", "class:seal", "predicted:seal"]);
  expect(amongChoices(seals, false).at(-1)?.label).toBe("Labelled Seal");
});
