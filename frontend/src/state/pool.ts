import type { Item } from "./items";

/** What the grid shows. `items` is the loaded beginning of a list that is `total` long. */
export interface Pool {
  readonly items: readonly Item[];
  readonly total: number;
  readonly loading: boolean;
  readonly error: Error | null;
  /** Says how far the reader can see; what is missing up to there is fetched. */
  readonly show: (last: number) => void;
  readonly refresh: () => Promise<void>;
  readonly loadAll: () => Promise<readonly Item[]>;
}
