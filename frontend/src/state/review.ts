/** Labels that look wrong, one by one: what has been decided about each is not asked again. */
export interface Suspect {
  readonly image_id: number;
  readonly class_id: string;
  readonly suggested_class_id: string;
  /** How likely the label is wrong, 0 to 1. */
  readonly score: number;
  readonly reason: string;
}

/** For each decided label, the last classifier version whose doubts about it are passed over; null passes over all. */
export type Review = ReadonlyMap<string, number | null>;

/** A label in doubt: the image with its present class. With another label the question is a new one. */
const keyOf = ({ image_id: id, class_id: label }: Suspect) => `${id} ${label}`;

/** The label is right: it is not asked about again. */
export function kept(review: Review, suspect: Suspect): Review {
  return new Map(review).set(keyOf(suspect), null);
}

/** The label was changed; taken back later, it may be asked about again. */
export function relabelled(review: Review, suspect: Suspect, version: number): Review {
  return new Map(review).set(keyOf(suspect), version);
}

/** What is still to be decided, in the order given. */
export function undecided<Kind extends Suspect>(suspects: readonly Kind[], review: Review, version: number): Kind[] {
  return suspects.filter((one) => {
    const until = review.get(keyOf(one));
    return until === undefined || (until !== null && until < version);
  });
}

/** The kept labels as text, to be found again after a reload; changed ones live on in the service. */
export function writeReview(review: Review): string {
  return JSON.stringify([...review].flatMap(([key, until]) => (until === null ? [key] : [])));
}

export function readReview(text: string | null): Review {
  try {
    const keys: unknown = JSON.parse(text ?? "[]");
    if (!Array.isArray(keys)) return new Map();
    return new Map(keys.filter((key) => typeof key === "string").map((key) => [key, null]));
  } catch {
    return new Map();
  }
}
