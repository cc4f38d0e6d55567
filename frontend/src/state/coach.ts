/** The next thing a newcomer should do, if there is one. */
import type { ImageClass, Project } from "../api/types";

export type Step =
  | { readonly do: "add-images" }
  | { readonly do: "make-classes"; readonly have: number }
  | { readonly do: "label-first" }
  | { readonly do: "label-more"; readonly classes: readonly string[] };

export const enoughExamples = 2;

export function nextStep(project: Project, classes: readonly ImageClass[]): Step | null {
  if (project.images === 0) return { do: "add-images" };
  if (classes.length < 2) return { do: "make-classes", have: classes.length };
  if (classes.every((one) => one.examples === 0)) return { do: "label-first" };
  const short = classes.filter((one) => one.examples < enoughExamples).map((one) => one.name);
  return short.length > 0 ? { do: "label-more", classes: short } : null;
}
