/** How sure an answer is, beyond its probability. */
import { percent } from "./figures";

export interface Certainty {
  readonly set?: readonly string[] | null;
  readonly coverage?: number | null;
}

/** What introduces the set of an answer: the right class is in it as often as it says. Null where there is none. */
export function setHeading({ set, coverage }: Certainty): string | null {
  if (!set || coverage == null) return null;
  if (set.length === 0) return `No class fits well enough to be ${percent(coverage)} certain`;
  return set.length === 1 ? `${percent(coverage)} certain` : `${percent(coverage)} certain to be one of`;
}
