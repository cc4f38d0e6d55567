/** Predictions newer than those a list came with: after a label only what is on screen is asked for again. */
import type { PredictionSummary } from "../api/types";

export interface FreshPredictions {
  /** The classifier version that was asked for them. */
  readonly version: number | null;
  /** Null for an image that was asked for and has none, being not embedded yet. */
  readonly byImage: ReadonlyMap<number, PredictionSummary | null>;
}

export const noneFresh: FreshPredictions = { version: null, byImage: new Map() };

/** Adds an answer; what belongs to another version is dropped, be it older or, after a roll-back, newer. */
export function withAnswer(
  fresh: FreshPredictions,
  version: number,
  asked: readonly number[],
  answered: ReadonlyMap<number, PredictionSummary>,
): FreshPredictions {
  const byImage = new Map(fresh.version === version ? fresh.byImage : []);
  for (const id of asked) byImage.set(id, answered.get(id) ?? null);
  return { version, byImage };
}

/** Of the images in sight, those to ask for. `born` is the version that their list came with. */
export function outdated(
  fresh: FreshPredictions,
  visible: readonly number[],
  version: number,
  born: number | null,
): number[] {
  if (born === version) return [];
  return fresh.version === version ? visible.filter((id) => !fresh.byImage.has(id)) : [...visible];
}
