/** The images of the grid, from a page of the pool or from the suggestions alike. */
import type { ImagePage, LabelChange, PoolImage, Prediction, PredictionSummary, SearchResult, Suggestion } from "../api/types";
import { labelFits } from "./view";

export interface Item {
  readonly id: number;
  readonly filename: string | null;
  readonly classId: string | null;
  readonly embedded: boolean;
  readonly prediction: PredictionSummary | null;
  /** Why it was suggested. */
  readonly reason: string | null;
  /** Whether it was suggested because its label looks wrong, and nobody has decided about that yet. */
  readonly doubted: boolean;
  /** How much it is like what was searched for, beside how alike the pool is: 0 to 1. */
  readonly closeness: number | null;
}

export function fromImage(image: PoolImage): Item {
  const { id, filename, class_id: classId, embedded, prediction } = image;
  return { id, filename, classId, embedded, prediction, reason: null, doubted: false, closeness: null };
}

export function fromSuggestion(suggestion: Suggestion): Item {
  const { image_id: id, filename, class_id: classId, prediction, reason } = suggestion;
  return { id, filename, classId, embedded: true, prediction, reason, doubted: classId !== null, closeness: null };
}

export function fromResult({ image, closeness }: SearchResult): Item {
  return { ...fromImage(image), closeness };
}

/** Whether a list of which these pages are loaded has no image to show. */
export function isEmpty(pages: readonly ImagePage[]): boolean {
  const last = pages.at(-1);
  const more = last !== undefined && last.next_cursor !== null && last.total > 0;
  return !more && pages.every((page) => page.items.length === 0);
}

/** Whether it waits for a decision about its label. */
export function isOpen({ classId, doubted }: Pick<Item, "classId" | "doubted">): boolean {
  return classId === null || doubted;
}

export type Labels = ReadonlyMap<number, string | null>;

export function labelsOf(changes: readonly LabelChange[]): Labels {
  return new Map(changes.map((change) => [change.image_id, change.class_id]));
}

/** One page after a label change: labels set, images that no longer belong in the list gone. */
export function relabelPage(page: ImagePage, labels: Labels, list: string): ImagePage {
  const items = page.items
    .map((image) => {
      const label = labels.get(image.id);
      return label === undefined ? image : { ...image, class_id: label };
    })
    .filter((image) => !labels.has(image.id) || labelFits(list, image.class_id));
  return { ...page, items, total: page.total - (page.items.length - items.length) };
}

/** All loaded pages; every page repeats the list's total, so each is told how many left in all. */
export function relabelPages(pages: readonly ImagePage[], labels: Labels, list: string): ImagePage[] {
  const patched = pages.map((page) => relabelPage(page, labels, list));
  const gone = pages.reduce((sum, page, index) => sum + page.items.length - (patched[index]?.items.length ?? 0), 0);
  return patched.map((page, index) => ({ ...page, total: (pages[index]?.total ?? 0) - gone }));
}

export function relabelItems(items: readonly Item[], labels: Labels): Item[] {
  return items.map((item) => {
    const label = labels.get(item.id);
    return label === undefined ? item : { ...item, classId: label, doubted: false };
  });
}

export function relabelResults(results: readonly SearchResult[], labels: Labels): SearchResult[] {
  return results.map((result) => {
    const label = labels.get(result.image.id);
    return label === undefined ? result : { ...result, image: { ...result.image, class_id: label } };
  });
}

/** What Enter would do: each open image takes its prediction; in a crowd the unknown ones are left for a look. */
export function acceptedChanges(items: readonly Item[]): LabelChange[] {
  return items
    .filter((item) => isOpen(item) && item.prediction !== null && (!item.prediction.unknown || items.length === 1))
    .map((item) => ({ image_id: item.id, class_id: item.prediction?.class_id ?? null }));
}

export function summarise(prediction: Prediction): PredictionSummary {
  const { class_id, label, probability, unknown } = prediction;
  return { class_id, label, probability, unknown };
}
