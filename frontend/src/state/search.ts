/** Searches for images that look alike, as the lists that the page shows. */
export type Search =
  | { readonly by: "images"; readonly ids: readonly number[] }
  | { readonly by: "class"; readonly classId: string }
  /** A file that is in no pool, and so in no address. */
  | { readonly by: "picture" };

export const pictureSearch = "picture";
const mostQueries = 16;

export const similarTo = (ids: readonly number[]): string => `similar:${ids.slice(0, mostQueries).join(",")}`;
export const nearestOf = (classId: string): string => `nearest:${classId}`;

/** The search that a list's name asks for; null for other lists. */
export function searchOf(list: string): Search | null {
  if (list === pictureSearch) return { by: "picture" };
  const classId = /^nearest:(.+)$/.exec(list)?.[1];
  if (classId !== undefined) return { by: "class", classId };
  const ids = /^similar:(\d+(?:,\d+)*)$/.exec(list)?.[1];
  return ids === undefined ? null : { by: "images", ids: ids.split(",").map(Number) };
}

export interface Choice {
  readonly value: string;
  readonly label: string;
}

interface Named {
  readonly id: string;
  readonly name: string;
}

/** Which images a search may look among, for a reader to choose from. */
export function amongChoices(classes: readonly Named[], predicts: boolean): Choice[] {
  const of = (kind: string, word: string) => classes.map(({ id, name }) => ({ value: `${kind}:${id}`, label: `${word} ${name}` }));
  return [
    { value: "all", label: "All images" },
    { value: "unlabelled", label: "Unlabelled" },
    { value: "labelled", label: "Labelled" },
    ...of("class", "Labelled"),
    ...(predicts ? of("predicted", "Predicted") : []),
  ];
}
