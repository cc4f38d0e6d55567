/** Two classifiers or encoders on the same labels. */

interface Disagreement {
  readonly image_id: number;
  readonly class_id: string;
  /** Null where a side had no label to answer with. */
  readonly a: string | null;
  readonly b: string | null;
}

export interface Disagreements<Kind> {
  readonly onlyA: readonly Kind[];
  readonly onlyB: readonly Kind[];
  readonly neither: readonly Kind[];
}

/** Who is right where the two answer differently. */
export function byWinner<Kind extends Disagreement>(all: readonly Kind[]): Disagreements<Kind> {
  return {
    onlyA: all.filter((one) => one.a === one.class_id),
    onlyB: all.filter((one) => one.b === one.class_id),
    neither: all.filter((one) => one.a !== one.class_id && one.b !== one.class_id),
  };
}

interface Version {
  readonly version: number;
  readonly active: boolean;
}

/** What one asks first: the version that answers against the one before it. Null where there are no two. */
export function firstPair(versions: readonly Version[]): { a: number; b: number } | null {
  const newest = [...versions].sort((one, other) => other.version - one.version);
  const active = newest.find((one) => one.active);
  const other = newest.find((one) => active && one.version < active.version) ?? newest.find((one) => one !== active);
  return active && other ? { a: other.version, b: active.version } : null;
}
