import { useState } from "react";

import { kept, relabelled, type Review, type Suspect } from "../state/review";

/** What has just been decided about labels that look wrong, until the service's next answer leaves it out. */
export function useReview() {
  const [review, setReview] = useState<Review>(() => new Map());
  return {
    review,
    keep: (suspect: Suspect) => setReview((old) => kept(old, suspect)),
    relabel: (suspect: Suspect, version: number) => setReview((old) => relabelled(old, suspect, version)),
  };
}
