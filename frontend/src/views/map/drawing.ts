/** A map as points to draw: turned, sized and in an order that hides nothing worth seeing. */
import type { EmbeddingMap } from "../../state/embeddingMap";
import { drawingOrder, type Colouring, type Shading } from "../../state/mapColours";
import type { Drawn } from "./scatter";

export interface Drawing {
  readonly drawn: Drawn;
  /** The image of each point drawn. */
  readonly order: Uint32Array;
  /** The point drawn of each image. */
  readonly rank: Uint32Array;
}

/** Leaves the edge of the canvas free. */
const extent = 0.94;
const fewImages = 20_000;

/** From −1 to 1 as far as the canvas is used, whatever part of the plane the images take. */
function stretched(along: Float32Array, order: Uint32Array, sign: 1 | -1): Float32Array {
  let [low, high] = [Infinity, -Infinity];
  for (const value of along) [low, high] = [Math.min(low, value), Math.max(high, value)];
  const scale = (2 * extent) / Math.max(high - low, 1e-6);
  return Float32Array.from(order, (image) => sign * (((along[image] ?? 0) - low) * scale - extent));
}

/** Pixels across; many points must be small to be told apart. */
function pointSize(count: number): number {
  return Math.min(10, Math.max(2.2, 62 / count ** 0.28));
}

export function drawnFrom(map: EmbeddingMap, shading: Shading, colouring: Colouring): Drawing {
  const order = drawingOrder(shading);
  const rank = new Uint32Array(order.length);
  order.forEach((image, point) => {
    rank[image] = point;
  });
  const size = pointSize(order.length);
  const spoken = 1 - (shading.shades[0]?.count ?? 0) / Math.max(1, order.length);
  // Few labels among many images must be found at a glance.
  const stressed = colouring === "label" && spoken < 0.2 ? Math.min(11, 2.2 * size) : size;
  const plain = order.length > fewImages ? 0.7 : 0.9;
  return {
    order,
    rank,
    drawn: {
      x: stretched(map.x, order, 1),
      y: stretched(map.y, order, -1),
      shade: Uint16Array.from(order, (image) => shading.ofPoint[image] ?? 0),
      colours: shading.shades.map(({ colour }) => colour),
      sizes: shading.shades.map((_, shade) => (shade === 0 ? size : stressed)),
      opacities: shading.shades.map((_, shade) => (shade === 0 && stressed > size ? 0.45 : plain)),
    },
  };
}

export function inDrawing({ rank }: Drawing, images: readonly number[]): number[] {
  return images.map((image) => rank[image] ?? 0);
}
