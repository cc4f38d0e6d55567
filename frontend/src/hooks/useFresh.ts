import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { freshQuery } from "../api/queries";
import type { Predictions } from "../api/types";
import { noneFresh, outdated, withAnswer, type FreshPredictions } from "../state/fresh";
import { summarise } from "../state/items";

const settleMilliseconds = 120;

function byImage({ predictions }: Predictions) {
  return new Map(predictions.flatMap((one) => (one.image_id === null ? [] : [[one.image_id, summarise(one)] as const])));
}

/** Keeps the predictions of the images in sight up to `version`, without loading any list again. */
export function useFresh(project: string, version: number | null, born: number | null, visible: readonly number[]) {
  const client = useQueryClient();
  const [fresh, setFresh] = useState<FreshPredictions>(noneFresh);

  useEffect(() => {
    const wanted = version === null ? [] : outdated(fresh, visible, version, born);
    if (version === null || wanted.length === 0) return;
    const query = freshQuery(project, version, wanted);
    const timer = setTimeout(() => {
      client.query(query).then(
        (answer) => setFresh((old) => withAnswer(old, version, wanted, byImage(answer))),
        // The list's own predictions stay up; the next label or scroll asks again.
        () => undefined,
      );
    }, settleMilliseconds);
    return () => {
      clearTimeout(timer);
      void client.cancelQueries({ queryKey: query.queryKey, exact: true });
    };
  }, [client, project, version, born, visible, fresh]);

  return fresh;
}
