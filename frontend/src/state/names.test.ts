import { expect, it } from "vitest";

import { splitName } from "./names";

it("parts a name into its folders and what stands in the last of them", () => {
  expect(splitName("train/otter/1.jpg")).toEqual({ folder: "train/otter/", last: "1.jpg" });
  expect(splitName("1.jpg")).toEqual({ folder: "", last: "1.jpg" });
});
