import { expect, it } from "vitest";

import { inBatches, sortFiles } from "./files";

it("skips what systems leave in folders and reports what is no image", () => {
  const sorted = sortFiles([
    new File([""], "a.png", { type: "image/png" }),
    new File([""], "scan", { type: "" }),
    new File([""], ".DS_Store"),
    new File([""], "Thumbs.db"),
    new File([""], "film.mp4", { type: "video/mp4" }),
  ]);
  expect(sorted.wanted.map((file) => file.name)).toEqual(["a.png", "scan"]);
  expect(sorted.rejected).toEqual([
    { filename: "film.mp4", code: "not_an_image", reason: "A video/mp4 file is not an image." },
  ]);
});

it("bounds batches by number and by size, and sends a giant alone", () => {
  const sizes = (batches: { size: number }[][]) => batches.map((batch) => batch.map((one) => one.size));
  expect(sizes(inBatches([1, 1, 1, 1, 1].map((size) => ({ size })), 2, 100))).toEqual([[1, 1], [1, 1], [1]]);
  expect(sizes(inBatches([60, 60, 500, 10].map((size) => ({ size })), 9, 100))).toEqual([[60], [60], [500], [10]]);
  expect(inBatches([], 2, 100)).toEqual([]);
});
