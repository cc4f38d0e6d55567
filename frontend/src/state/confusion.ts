/** Who is taken for whom, as a square of counts that a screen can hold. */
export interface Confused {
  readonly actual: string;
  readonly predicted: string;
  readonly count: number;
  readonly image_ids: readonly number[];
}

export interface Matrix {
  /** The classes of rows (what an image is) and of columns (what it is taken for), in one order. */
  readonly ids: readonly string[];
  /** `cells[row][column]`; null where no image is. */
  readonly cells: readonly (readonly (Confused | null)[])[];
  /** Classes that found no room: those with the fewest mistakes. */
  readonly left: number;
}

export interface Place {
  readonly row: number;
  readonly column: number;
}

const isMistake = (one: Confused) => one.actual !== one.predicted;

/** The mistakes, the most frequent first. */
export function mistakes(confused: readonly Confused[]): Confused[] {
  return confused.filter(isMistake).sort((a, b) => b.count - a.count);
}

/** The square in the order of the classes; of more than `most` those that take part in the most mistakes. */
export function matrixOf(confused: readonly Confused[], classes: readonly string[], most: number): Matrix {
  const kept = mostMistaken(confused, classes, most);
  const ids = classes.filter((id) => kept.has(id));
  const byPair = new Map(confused.map((one) => [key(one.actual, one.predicted), one]));
  const cells = ids.map((actual) => ids.map((predicted) => byPair.get(key(actual, predicted)) ?? null));
  return { ids, cells, left: classes.length - ids.length };
}

const key = (actual: string, predicted: string) => `${actual} ${predicted}`;

function mostMistaken(confused: readonly Confused[], classes: readonly string[], most: number): Set<string> {
  const parts = new Map(classes.map((id) => [id, 0]));
  for (const { actual, predicted, count } of confused.filter(isMistake))
    for (const id of [actual, predicted]) parts.set(id, (parts.get(id) ?? 0) + count);
  return new Set([...classes].sort((a, b) => (parts.get(b) ?? 0) - (parts.get(a) ?? 0)).slice(0, most));
}

/** The classes in the order that the user knows, then those that are no more. */
export function inKnownOrder(classes: readonly string[], known: readonly string[]): string[] {
  const all = new Set(classes);
  const living = new Set(known);
  return [...known.filter((id) => all.has(id)), ...classes.filter((id) => !living.has(id))];
}

/** How much of its row a cell holds, 0 to 1: classes with few labels are seen like those with many. */
export function shareOfRow(matrix: Matrix, { row, column }: Place): number {
  const counts = matrix.cells[row]?.map((cell) => cell?.count ?? 0) ?? [];
  const all = counts.reduce((sum, count) => sum + count, 0);
  return all === 0 ? 0 : (counts[column] ?? 0) / all;
}

const steps: Readonly<Record<string, Place>> = {
  ArrowRight: { row: 0, column: 1 },
  ArrowLeft: { row: 0, column: -1 },
  ArrowDown: { row: 1, column: 0 },
  ArrowUp: { row: -1, column: 0 },
};

/** The next cell with images in the direction of an arrow key; null where there is none, or for another key. */
export function nextCell(matrix: Matrix, from: Place, pressed: string): Place | null {
  const step = steps[pressed];
  if (!step) return null;
  for (let distance = 1; distance < matrix.ids.length; distance++) {
    const place = { row: from.row + distance * step.row, column: from.column + distance * step.column };
    if (matrix.cells[place.row]?.[place.column]) return place;
  }
  return null;
}

/** The cell that the keyboard reaches first: the most frequent mistake, else the first with images. */
export function firstCell(matrix: Matrix): Place | null {
  const [worst] = mistakes(matrix.cells.flat().filter((cell) => cell !== null));
  for (const [row, cells] of matrix.cells.entries()) {
    const column = cells.findIndex((cell) => (worst ? cell === worst : cell !== null));
    if (column >= 0) return { row, column };
  }
  return null;
}
