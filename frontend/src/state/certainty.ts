/** How sure an answer is, beyond its probability. */
import { percent } from "./figures";

export interface Certainty {
  readonly set?: readonly string[] | null;
  readonly coverage?: number | null;
}

export interface SetWords {
  /** Stands before the classes. */
  readonly lead: string;
  /** Stands after them: how often the right class is among them. */
  readonly held: string;
}

/** What surrounds the classes that cannot be ruled out; null where the labels are too few for any. */
export function setWords({ set, coverage }: Certainty): SetWords | null {
  if (!set || coverage == null) return null;
  if (set.length === 0) return { lead: "No class is plausible", held: "" };
  const held = `right in ${percent(coverage)} of cases`;
  return set.length === 1 ? { lead: "Plausible: only", held } : { lead: "Plausible:", held: `one of them ${held}` };
}
