import { expect, it } from "vitest";

import type { ImageClass, Project } from "../api/types";
import { nextStep } from "./coach";

const project = (images: number) => ({ images }) as Project;
const classes = (...examples: number[]) => examples.map((count, index) => ({ name: `C${index}`, examples: count }) as ImageClass);

it("leads from nothing to a working classifier, step by step", () => {
  expect(nextStep(project(0), [])).toEqual({ do: "add-images" });
  expect(nextStep(project(9), classes(3))).toEqual({ do: "make-classes", have: 1 });
  expect(nextStep(project(9), classes(0, 0))).toEqual({ do: "label-first" });
  expect(nextStep(project(9), classes(3, 1, 0))).toEqual({ do: "label-more", classes: ["C1", "C2"] });
  expect(nextStep(project(9), classes(2, 5))).toBeNull();
});
