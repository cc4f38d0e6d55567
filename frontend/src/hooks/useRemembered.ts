import { useCallback, useState } from "react";

import { recall, remember } from "../state/memory";

/** A number kept in this browser, such as the size of the thumbnails. */
export function useRememberedNumber(name: string, initial: number): [number, (value: number) => void] {
  const [value, setValue] = useState(() => Number(recall(name)) || initial);
  const change = useCallback(
    (next: number) => {
      setValue(next);
      remember(name, String(next));
    },
    [name],
  );
  return [value, change];
}
