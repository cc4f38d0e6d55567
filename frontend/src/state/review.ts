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
