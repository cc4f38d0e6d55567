import { describe, expect, it } from "vitest";

import { boxBetween, cellsInBox, layOut, rowCount } from "./geometry";

describe("the grid", () => {
  it("fills the width with as many cells as fit", () => {
    expect(layOut(420, 100, 10, 28)).toEqual({ columns: 3, cellWidth: 133, cellHeight: 161, gap: 10 });
    expect(layOut(40, 100, 10, 28).columns).toBe(1);
  });

  it("counts an unfinished row", () => {
    expect(rowCount(layOut(420, 100, 10, 28), 7)).toBe(3);
  });
});

describe("a box", () => {
  const grid = { columns: 3, cellWidth: 100, cellHeight: 100, gap: 10 };
  const between = (x: number, y: number, x2: number, y2: number) => cellsInBox(grid, boxBetween({ x, y }, { x: x2, y: y2 }), 8);

  it("takes each cell that it touches, drawn from any corner", () => {
    expect(between(50, 50, 150, 150)).toEqual([0, 1, 3, 4]);
    expect(between(150, 150, 50, 50)).toEqual([0, 1, 3, 4]);
  });

  it("takes nothing from a gap", () => {
    expect(between(102, 10, 108, 90)).toEqual([]);
  });

  it("stays inside the list", () => {
    expect(between(-40, 215, 900, 900)).toEqual([6, 7]);
    expect(between(230, 230, 300, 300)).toEqual([]);
  });
});
