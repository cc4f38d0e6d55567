import { useState } from "react";

import { recall, remember } from "../state/memory";
import { kept, readReview, relabelled, writeReview, type Review, type Suspect } from "../state/review";

/** What has been decided about labels that look wrong, kept while the tab is open. */
export function useReview(project: string) {
  const name = `review.${project}`;
  const [review, setReview] = useState<Review>(() => readReview(recall(name, "sessionStorage")));
  const change = (next: Review) => {
    setReview(next);
    remember(name, writeReview(next), "sessionStorage");
  };
  return {
    review,
    keep: (suspect: Suspect) => change(kept(review, suspect)),
    relabel: (suspect: Suspect, version: number) => change(relabelled(review, suspect, version)),
  };
}
