import { expect, it } from "vitest";

import { decodeMap, itemAt, mostCentral, neighbourTowards, relabelMap } from "./embeddingMap";

function base64(numbers: ArrayBufferView): string {
  return btoa(String.fromCharCode(...new Uint8Array(numbers.buffer)));
}

/** Five images: one in the middle, one in each direction. */
const map = decodeMap({
  version: 1,
  encoder_id: "e",
  created_at: "2026-03-01T10:00:00Z",
  count: 5,
  stale: 2,
  image_ids: base64(new Int32Array([70_000, 12, 13, 14, 15])),
  x: base64(new Float32Array([0.5, 0.25, 0.75, 0.5, 0.5])),
  y: base64(new Float32Array([0.5, 0.5, 0.5, 0.25, 0.75])),
  classes: ["otter", "seal"],
  label: base64(new Int16Array([-1, 0, 1, -1, -1])),
  predicted: base64(new Int16Array([1, 0, 1, 0, -1])),
  confidence: base64(new Float32Array([0.5, 1, 0.75, 0.25, 0])),
  unknown: base64(new Uint8Array([0, 0, 0, 1, 0])),
});

it("reads its numbers", () => {
  expect([...map.ids]).toEqual([70_000, 12, 13, 14, 15]);
  expect([...map.x]).toEqual([0.5, 0.25, 0.75, 0.5, 0.5]);
  expect([...map.label]).toEqual([-1, 0, 1, -1, -1]);
});

it("tells of an image what lists tell", () => {
  expect(itemAt(map, 1)).toMatchObject({ id: 12, classId: "otter", prediction: { class_id: "otter", probability: 1 } });
  expect(itemAt(map, 3)).toMatchObject({ id: 14, classId: null, prediction: { class_id: "otter", unknown: true } });
  expect(itemAt(map, 4).prediction).toBeNull();
});

it("takes labels before the service tells of them, also of classes that are new to it", () => {
  const labelled = relabelMap(map, new Map<number, string | null>([[70_000, "whale"], [12, null], [99, "seal"]]));
  expect(labelled.classes).toEqual(["otter", "seal", "whale"]);
  expect([...labelled.label]).toEqual([2, -1, 1, -1, -1]);
  expect([...map.label]).toEqual([-1, 0, 1, -1, -1]);
});

it("is walked with the arrow keys, and ends at its edges", () => {
  expect(mostCentral(map)).toBe(0);
  expect((["left", "right", "up", "down"] as const).map((way) => neighbourTowards(map, 0, way))).toEqual([1, 2, 3, 4]);
  expect(neighbourTowards(map, 1, "left")).toBe(1);
});
