/** Which of many classes are listed: more rows than these nobody scrolls through, and they take long to draw. */
interface Named {
  readonly id: string;
  readonly name: string;
}

export const mostRows = 100;
/** As many chips as there can be keys, and some. */
export const mostChips = 40;

export interface Rows<Kind> {
  readonly shown: readonly Kind[];
  readonly left: number;
}

/** Few classes are all listed; of many, those whose name holds what has been typed. */
export function rowsFor<Kind extends Named>(classes: readonly Kind[], typed: string): Rows<Kind> {
  if (classes.length <= mostRows) return { shown: classes, left: 0 };
  const wanted = typed.trim().toLocaleLowerCase();
  const found = classes.filter((one) => one.name.toLocaleLowerCase().includes(wanted));
  return { shown: found.slice(0, mostRows), left: Math.max(0, found.length - mostRows) };
}

/** The classes with a key come first, so that none of them is hidden. */
export function chipsFor<Kind extends Named>(classes: readonly Kind[], keys: ReadonlyMap<string, string>): { chips: readonly Kind[]; others: readonly Kind[] } {
  if (classes.length <= mostChips) return { chips: classes, others: [] };
  const ordered = [...classes.filter((one) => keys.has(one.id)), ...classes.filter((one) => !keys.has(one.id))];
  return { chips: ordered.slice(0, mostChips), others: ordered.slice(mostChips) };
}
