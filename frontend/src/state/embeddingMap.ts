/** The pool on a plane: where each image stands, what it is labelled, and what it is taken for. */
import type { PoolMap } from "../api/types";
import type { Item, Labels } from "./items";

export interface EmbeddingMap {
  readonly ids: Int32Array;
  /** From 0 to 1, to the right and downwards. */
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** What `label` and `predicted` count in. */
  readonly classes: readonly string[];
  /** −1 for none. */
  readonly label: Int16Array;
  readonly predicted: Int16Array;
  readonly confidence: Float32Array;
  readonly unknown: Uint8Array;
  /** Images that came after it was made. */
  readonly stale: number;
  readonly createdAt: string;
}

/** The bytes that base64 stands for, in a buffer of their own. */
function bytesOf(base64: string): ArrayBuffer {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
  return bytes.buffer;
}

/** Numbers travel little-endian, as every machine that a browser runs on keeps them. */
export function decodeMap(map: PoolMap): EmbeddingMap {
  return {
    ids: new Int32Array(bytesOf(map.image_ids)),
    x: new Float32Array(bytesOf(map.x)),
    y: new Float32Array(bytesOf(map.y)),
    classes: map.classes,
    label: new Int16Array(bytesOf(map.label)),
    predicted: new Int16Array(bytesOf(map.predicted)),
    confidence: new Float32Array(bytesOf(map.confidence)),
    unknown: new Uint8Array(bytesOf(map.unknown)),
    stale: map.stale,
    createdAt: map.created_at,
  };
}

/** The map after labels changed, before the service has told of it. */
export function relabelMap(map: EmbeddingMap, labels: Labels): EmbeddingMap {
  const classes = [...new Set([...map.classes, ...[...labels.values()].filter((id) => id !== null)])];
  const numbers = new Map(classes.map((id, number) => [id, number]));
  const label = map.label.slice();
  map.ids.forEach((id, index) => {
    const changed = labels.get(id);
    if (changed !== undefined) label[index] = changed === null ? -1 : (numbers.get(changed) ?? -1);
  });
  return { ...map, classes, label };
}

/** The image at a place of the map, as lists have it. */
export function itemAt(map: EmbeddingMap, index: number): Item {
  const className = (number: number | undefined) => map.classes[number ?? -1] ?? null;
  const predicted = className(map.predicted[index]);
  return {
    id: map.ids[index] ?? 0,
    filename: null,
    classId: className(map.label[index]),
    embedded: true,
    prediction: predicted === null ? null : {
      class_id: predicted,
      label: predicted,
      probability: map.confidence[index] ?? 0,
      unknown: map.unknown[index] === 1,
    },
    reason: null,
    doubted: false,
    closeness: null,
  };
}

export type Direction = "left" | "right" | "up" | "down";
const steps: Record<Direction, readonly [number, number]> = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] };

/** The nearest image in a direction, for the arrow keys; the same one at the edge. */
export function neighbourTowards(map: EmbeddingMap, from: number, direction: Direction): number {
  const [dx, dy] = steps[direction];
  const [x, y] = [map.x[from] ?? 0, map.y[from] ?? 0];
  let best = from;
  let shortest = Infinity;
  for (let index = 0; index < map.ids.length; index++) {
    const [right, down] = [(map.x[index] ?? 0) - x, (map.y[index] ?? 0) - y];
    const along = right * dx + down * dy;
    const aside = Math.abs(right * dy) + Math.abs(down * dx);
    if (index === from || along <= 0 || aside > along) continue;
    const distance = Math.hypot(along, 2 * aside);
    if (distance < shortest) [best, shortest] = [index, distance];
  }
  return best;
}

/** The image in the midst of all, where the keyboard begins. */
export function mostCentral(map: EmbeddingMap): number {
  let best = 0;
  let shortest = Infinity;
  map.x.forEach((x, index) => {
    const distance = Math.hypot(x - 0.5, (map.y[index] ?? 0) - 0.5);
    if (distance < shortest) [best, shortest] = [index, distance];
  });
  return best;
}
