/** Numbers in words that a reader without statistics understands. */
import type { Estimate, Project } from "../api/types";

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/** Whole percents; "100 %" and "0 %" only when they are exact. */
export function percent(share: number): string {
  const rounded = Math.round(share * 100);
  if (rounded === 100 && share < 1) return "> 99 %";
  if (rounded === 0 && share > 0) return "< 1 %";
  return `${rounded} %`;
}

/** "89–96", the interval without its unit. */
export function interval(estimate: Pick<Estimate, "low" | "high">): string {
  return `${Math.round(estimate.low * 100)}–${Math.round(estimate.high * 100)}`;
}

export interface Accuracy {
  readonly estimate: Estimate;
  readonly measuredOn: string;
}

/**
 * Every measurement there is, the one on true labels first: it is the larger and the less optimistic.
 * With one class every answer is right, which says nothing.
 */
export function accuracies(measured: Pick<Project, "estimate" | "reference" | "classes">): Accuracy[] {
  const found: Accuracy[] = [];
  if (measured.classes < 2) return found;
  if (measured.reference)
    found.push({
      estimate: measured.reference,
      measuredOn: `the ${plural(measured.reference.count, "image that was", "images that were")} not labelled`,
    });
  if (measured.estimate)
    found.push({ estimate: measured.estimate, measuredOn: plural(measured.estimate.count, "label") });
  return found;
}
