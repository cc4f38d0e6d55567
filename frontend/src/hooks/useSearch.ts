import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";

import { mostFound, searchQuery, type Asked } from "../api/queries";
import { fromResult, type Item } from "../state/items";
import type { Pool } from "../state/pool";

const nothing: Item[] = [];
const firstFound = 200;
const nearTheEnd = 40;

/** The images nearest to what was asked about, the most alike first; more of them as the reader goes on. */
export function useSearchPool(project: string, asked: Asked | null): Pool {
  const [limit, setLimit] = useState(firstFound);
  const query = useQuery({
    ...searchQuery(project, asked, limit),
    // Only the same search may stand in for a longer one.
    placeholderData: keepPreviousData,
  });
  const { data, error, isPending, isPlaceholderData, refetch } = query;
  const items = useMemo(() => data?.map(fromResult) ?? nothing, [data]);
  const full = items.length >= limit && limit < mostFound && !isPlaceholderData;

  const show = useCallback(
    (last: number) => {
      if (full && last >= items.length - nearTheEnd) setLimit((old) => Math.min(mostFound, 2 * old));
    },
    [full, items.length],
  );
  const refresh = useCallback(async () => {
    await refetch();
  }, [refetch]);
  return useMemo(
    () => ({
      items,
      total: items.length,
      loading: asked !== null && isPending,
      error,
      show,
      refresh,
      loadAll: () => Promise.resolve(items),
    }),
    [items, asked, isPending, error, show, refresh],
  );
}
