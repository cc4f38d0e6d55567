import { describe, expect, it } from "vitest";

import { firstCell, inKnownOrder, matrixOf, mistakes, nextCell, shareOfRow, type Confused } from "./confusion";

const confused = (actual: string, predicted: string, count: number): Confused => ({
  actual,
  predicted,
  count,
  image_ids: Array.from({ length: count }, (_, index) => index),
});

const seen = [
  confused("otter", "otter", 8),
  confused("otter", "seal", 2),
  confused("seal", "seal", 5),
  confused("seal", "whale", 3),
  confused("crab", "crab", 9),
];
const classes = ["crab", "otter", "seal", "whale"];

it("ranks mistakes, and right answers are none", () => {
  expect(mistakes(seen).map(({ actual, predicted }) => `${actual} as ${predicted}`)).toEqual(["seal as whale", "otter as seal"]);
});

describe("the matrix", () => {
  it("has a row and a column for each class, also for one that was never met", () => {
    const matrix = matrixOf(seen, classes, 30);
    expect(matrix.ids).toEqual(classes);
    expect(matrix.cells.map((row) => row.map((cell) => cell?.count ?? 0))).toEqual([
      [9, 0, 0, 0],
      [0, 8, 2, 0],
      [0, 0, 5, 3],
      [0, 0, 0, 0],
    ]);
    expect(matrix.left).toBe(0);
  });

  it("keeps the classes with the most mistakes where there are too many, in their order", () => {
    const matrix = matrixOf(seen, classes, 2);
    expect(matrix.ids).toEqual(["seal", "whale"]);
    expect(matrix.left).toBe(2);
  });

  it("measures a cell against its row", () => {
    const matrix = matrixOf(seen, classes, 30);
    expect(shareOfRow(matrix, { row: 1, column: 2 })).toBeCloseTo(0.2);
    expect(shareOfRow(matrix, { row: 3, column: 0 })).toBe(0);
  });

  it("does not mix up classes whose names run into each other", () => {
    const matrix = matrixOf([confused("a", "b-c", 1), confused("a-b", "c", 2)], ["a", "a-b", "b-c", "c"], 30);
    expect(matrix.cells[0]?.[2]?.count).toBe(1);
    expect(matrix.cells[1]?.[3]?.count).toBe(2);
  });
});

describe("the arrow keys", () => {
  const matrix = matrixOf(seen, classes, 30);
  it("begin at the most frequent mistake", () => {
    expect(firstCell(matrix)).toEqual({ row: 2, column: 3 });
    expect(firstCell(matrixOf([confused("crab", "crab", 1)], classes, 30))).toEqual({ row: 0, column: 0 });
    expect(firstCell(matrixOf([], classes, 30))).toBeNull();
  });

  it("jump over cells without images and stop at the edge", () => {
    expect(nextCell(matrix, { row: 2, column: 3 }, "ArrowLeft")).toEqual({ row: 2, column: 2 });
    expect(nextCell(matrix, { row: 2, column: 2 }, "ArrowUp")).toEqual({ row: 1, column: 2 });
    expect(nextCell(matrix, { row: 0, column: 0 }, "ArrowRight")).toBeNull();
    expect(nextCell(matrix, { row: 2, column: 3 }, "Tab")).toBeNull();
  });
});

it("orders classes as the user knows them, and those deleted since last", () => {
  expect(inKnownOrder(["eight", "gone", "one"], ["one", "two", "eight"])).toEqual(["one", "eight", "gone"]);
});
