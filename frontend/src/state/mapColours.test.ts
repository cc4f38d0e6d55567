import { expect, it } from "vitest";

import type { EmbeddingMap } from "./embeddingMap";
import { apart, confidenceColour, drawingOrder, landmarks, shade, type Palette } from "./mapColours";

const palette: Palette = {
  nothing: "#ccc",
  unknown: "#777",
  colour: (id) => `colour of ${id}`,
  name: (id) => id.toUpperCase(),
};
const map: EmbeddingMap = {
  ids: new Int32Array([1, 2, 3, 4]),
  x: new Float32Array([0, 0.25, 0.5, 1]),
  y: new Float32Array([0, 0.25, 0.75, 1]),
  classes: ["otter", "seal"],
  label: new Int16Array([1, -1, 0, 1]),
  predicted: new Int16Array([1, 0, -1, 1]),
  confidence: new Float32Array([1, 0.35, 0, 0.6]),
  unknown: new Uint8Array([0, 0, 0, 1]),
  stale: 0,
  createdAt: "",
};

it("colours by label", () => {
  const { shades, ofPoint } = shade(map, "label", palette);
  expect([...ofPoint]).toEqual([2, 0, 1, 2]);
  expect(shades).toEqual([
    { name: "Not labelled", colour: "#ccc", count: 1 },
    { name: "OTTER", colour: "colour of otter", count: 1 },
    { name: "SEAL", colour: "colour of seal", count: 2 },
  ]);
});

it("colours by prediction, the unknown apart", () => {
  const { shades, ofPoint } = shade(map, "prediction", palette);
  expect([...ofPoint]).toEqual([2, 1, 0, 3]);
  expect(shades.map(({ name }) => name)).toEqual(["No prediction", "OTTER", "SEAL", "Unknown"]);
});

it("colours by confidence in ten steps", () => {
  const { shades, ofPoint } = shade(map, "confidence", palette);
  expect([...ofPoint]).toEqual([10, 4, 0, 7]);
  expect(shades[4]?.name).toBe("30 % and more");
  expect([0, 0.5, 1].map(confidenceColour)).toEqual(["#d95f0e", "#e3c577", "#0f8b7a"]);
});

it("draws what it has nothing to say of below the rest", () => {
  expect([...drawingOrder(shade(map, "label", palette))]).toEqual([1, 0, 2, 3]);
});

it("puts the names of the largest classes where most of their images are", () => {
  const crowd = { ...map, x: new Float32Array([0.1, 0.9, 0.91, 0.5]), y: new Float32Array([0.1, 0.9, 0.91, 0.5]) };
  const seals = { ...crowd, label: new Int16Array([1, 1, 1, 0]) };
  expect(landmarks(seals, shade(seals, "label", palette), 1)).toEqual([{ shade: 2, point: 2 }]);
  expect(landmarks(seals, shade(seals, "label", palette), 9)).toHaveLength(2);
});

it("leaves out names that would hide others", () => {
  const at = (text: string, x: number, y: number) => ({ text, x, y });
  const names = [at("otter", 100, 100), at("seal", 120, 105), at("whale", 120, 140), at("crab", 400, 100)];
  expect(apart(names).map(({ text }) => text)).toEqual(["otter", "whale", "crab"]);
});
