/** How the images to label next are chosen, in words. */
import type { Strategy } from "../api/types";

export interface StrategyWords {
  readonly name: string;
  readonly what: string;
}

export const strategies: Readonly<Record<Strategy, StrategyWords>> = {
  auto: { name: "Best next", what: "What helps most at this stage" },
  coverage: { name: "Cover the pool", what: "Images that stand for many others" },
  uncertain: { name: "Least certain", what: "Where the classifier wavers" },
};
