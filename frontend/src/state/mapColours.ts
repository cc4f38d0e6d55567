/** How the points of a map are coloured, and in which order they are drawn. */
import type { EmbeddingMap } from "./embeddingMap";
import { percent } from "./figures";

export type Colouring = "label" | "prediction" | "confidence";

export interface Shade {
  readonly name: string;
  readonly colour: string;
  readonly count: number;
}

/** Every point's shade; shade 0 is for those that there is nothing to say of, and lies below the others. */
export interface Shading {
  readonly shades: readonly Shade[];
  readonly ofPoint: Uint16Array;
}

export interface Palette {
  readonly nothing: string;
  readonly unknown: string;
  readonly colour: (classId: string) => string;
  readonly name: (classId: string) => string;
}

const confidenceBins = 10;
const doubtful = [0xd9, 0x5f, 0x0e] as const;
const between = [0xe3, 0xc5, 0x77] as const;
const certain = [0x0f, 0x8b, 0x7a] as const;

/** From orange for a guess by way of sand to green for certainty: told apart by eyes without red or green, too. */
export function confidenceColour(confidence: number): string {
  const [from, to, share] = confidence < 0.5 ? [doubtful, between, confidence * 2] : [between, certain, confidence * 2 - 1];
  const channel = (index: 0 | 1 | 2) => Math.round(from[index] + (to[index] - from[index]) * share);
  return `#${[channel(0), channel(1), channel(2)].map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

function counted(names: readonly Omit<Shade, "count">[], ofPoint: Uint16Array): Shading {
  const counts = new Uint32Array(names.length);
  for (const shade of ofPoint) counts[shade] = (counts[shade] ?? 0) + 1;
  return { shades: names.map((one, shade) => ({ ...one, count: counts[shade] ?? 0 })), ofPoint };
}

function byClass(map: EmbeddingMap, palette: Palette) {
  return map.classes.map((id) => ({ name: palette.name(id), colour: palette.colour(id) }));
}

export function shade(map: EmbeddingMap, colouring: Colouring, palette: Palette): Shading {
  if (colouring === "label")
    return counted([{ name: "Not labelled", colour: palette.nothing }, ...byClass(map, palette)], Uint16Array.from(map.label, (label) => label + 1));
  const unpredicted = { name: "No prediction", colour: palette.nothing };
  if (colouring === "prediction") {
    const unknown = map.classes.length + 1;
    const shades = [unpredicted, ...byClass(map, palette), { name: "Unknown", colour: palette.unknown }];
    return counted(shades, Uint16Array.from(map.predicted, (predicted, index) => (map.unknown[index] === 1 ? unknown : predicted + 1)));
  }
  const bins = Array.from({ length: confidenceBins }, (_, bin) => ({
    name: `${percent(bin / confidenceBins)} and more`,
    colour: confidenceColour(bin / (confidenceBins - 1)),
  }));
  const bin = (confidence: number) => Math.min(confidenceBins - 1, Math.floor(confidence * confidenceBins));
  return counted([unpredicted, ...bins], Uint16Array.from(map.confidence, (confidence, index) => (map.predicted[index] === -1 ? 0 : bin(confidence) + 1)));
}

/** Indices of all points as they are drawn: those without anything to say first, so that they hide nothing. */
export function drawingOrder({ ofPoint }: Shading): Uint32Array {
  const order = new Uint32Array(ofPoint.length);
  let next = 0;
  for (const silent of [true, false])
    ofPoint.forEach((of, index) => {
      if ((of === 0) === silent) order[next++] = index;
    });
  return order;
}

export interface Landmark {
  readonly shade: number;
  /** The point where its name stands. */
  readonly point: number;
}

/** Cells along each side of the map, among which the fullest is looked for. */
const cells = 24;

/** A point amid the densest of these: a class may lie in several places, between which there is nothing of it. */
function densest(map: EmbeddingMap, points: readonly number[]): number {
  const cellOf = (point: number) => Math.floor((map.x[point] ?? 0) * cells) * (cells + 1) + Math.floor((map.y[point] ?? 0) * cells);
  const own = new Map<number, number[]>();
  for (const point of points) {
    const cell = cellOf(point);
    const some = own.get(cell);
    if (some) some.push(point);
    else own.set(cell, [point]);
  }
  const fullest = [...own.values()].reduce((most, some) => (some.length > most.length ? some : most));
  return fullest[Math.floor(fullest.length / 2)] ?? 0;
}

/** Where the names of the largest shades stand: where most of their points are. */
export function landmarks(map: EmbeddingMap, { shades, ofPoint }: Shading, most: number): Landmark[] {
  const points: number[][] = shades.map(() => []);
  ofPoint.forEach((of, point) => points[of]?.push(point));
  return points
    .map((own, number) => ({ shade: number, own }))
    .filter(({ shade: number, own }) => number > 0 && own.length > 0)
    .sort((a, b) => b.own.length - a.own.length)
    .slice(0, most)
    .map(({ shade: number, own }) => ({ shade: number, point: densest(map, own) }));
}

export interface Name {
  readonly text: string;
  readonly x: number;
  readonly y: number;
}

/** About as wide as a letter of a name. */
export const letterPixels = 8;
const linePixels = 22;

/** Names that can be read: where two would overlap on the screen the earlier one stays. */
export function apart(names: readonly Name[]): Name[] {
  const kept: Name[] = [];
  const overlaps = (a: Name, b: Name) =>
    Math.abs(a.y - b.y) < linePixels && Math.abs(a.x - b.x) < (letterPixels * (a.text.length + b.text.length)) / 2 + linePixels;
  for (const name of names) if (!kept.some((other) => overlaps(name, other))) kept.push(name);
  return kept;
}
