/** How the images to label next are chosen, in words. */
import type { Strategy } from "../api/types";

export interface StrategyWords {
  readonly name: string;
  readonly what: string;
}

export const strategies: Readonly<Record<Strategy, StrategyWords>> = {
  auto: { name: "Best next", what: "What helps most at this stage" },
  coverage: { name: "Cover the pool", what: "Images that stand for many others" },
  uncertain: { name: "Least certain", what: "Where the classifier wavers, all over the pool" },
  balance: { name: "Small classes", what: "Likely images of the classes with the fewest examples" },
  unknown: { name: "Unlike the rest", what: "Images that resemble no example" },
  errors: { name: "Doubtful labels", what: "Labelled images that the others contradict" },
  random: { name: "At random", what: "A fair sample, to measure with" },
};
