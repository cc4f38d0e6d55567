/** Where the cells of the grid lie, so that nothing has to be measured in the document. */
export interface Grid {
  readonly columns: number;
  readonly cellWidth: number;
  readonly cellHeight: number;
  readonly gap: number;
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Fills the width with cells of at least `thumbnail` pixels; `caption` is the height of the text under each. */
export function layOut(width: number, thumbnail: number, gap: number, caption: number): Grid {
  const columns = Math.max(1, Math.floor((width + gap) / (thumbnail + gap)));
  const cellWidth = Math.floor((width - gap * (columns - 1)) / columns);
  return { columns, cellWidth, cellHeight: cellWidth + caption, gap };
}

export function rowCount(grid: Grid, count: number): number {
  return Math.ceil(count / grid.columns);
}

export function boxBetween(a: { x: number; y: number }, b: { x: number; y: number }): Box {
  return { left: Math.min(a.x, b.x), top: Math.min(a.y, b.y), right: Math.max(a.x, b.x), bottom: Math.max(a.y, b.y) };
}

/** First and last index (inclusive) along one axis whose cell of `size` the span touches; empty when first > last. */
function touched(from: number, to: number, size: number, gap: number, limit: number): [number, number] {
  const first = Math.max(0, Math.floor((from - size) / (size + gap)) + 1);
  const last = Math.min(limit - 1, Math.floor(to / (size + gap)));
  return [first, last];
}

/** Positions, in reading order, of the cells that the box touches. */
export function cellsInBox(grid: Grid, box: Box, count: number): number[] {
  const [left, right] = touched(box.left, box.right, grid.cellWidth, grid.gap, grid.columns);
  const [top, bottom] = touched(box.top, box.bottom, grid.cellHeight, grid.gap, rowCount(grid, count));
  const found: number[] = [];
  for (let row = top; row <= bottom; row++)
    for (let column = left; column <= right; column++) {
      const index = row * grid.columns + column;
      if (index < count) found.push(index);
    }
  return found;
}
