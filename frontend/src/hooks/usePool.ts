import { useInfiniteQuery, useQuery, useQueryClient, type InfiniteData } from "@tanstack/react-query";
import { useCallback, useMemo, useRef } from "react";

import { pageSize } from "../api/calls";
import { imagesQuery, suggestionsQuery, type Asked } from "../api/queries";
import type { ImagePage } from "../api/types";
import { fromImage, type Item } from "../state/items";
import type { Pool } from "../state/pool";
import { searchOf } from "../state/search";
import type { View } from "../state/view";
import { useSearchPool } from "./useSearch";

const nothing: Item[] = [];

function useSuggestionPool(project: string, strategy: string | null, enabled: boolean): Pool {
  const { data, isPending, error, refetch } = useQuery({ ...suggestionsQuery(project, strategy), enabled });
  const refresh = useCallback(async () => {
    await refetch();
  }, [refetch]);
  const items = data ?? nothing;
  return useMemo(
    () => ({
      items,
      total: items.length,
      loading: isPending,
      error,
      show: () => undefined,
      refresh,
      loadAll: () => Promise.resolve(items),
    }),
    [items, isPending, error, refresh],
  );
}

function flatten(data: InfiniteData<ImagePage> | undefined): Item[] {
  const seen = new Set<number>();
  const items: Item[] = [];
  // A list that moved between two pages may repeat an image; the grid must not.
  for (const image of data?.pages.flatMap((page) => page.items) ?? []) {
    if (seen.has(image.id)) continue;
    seen.add(image.id);
    items.push(fromImage(image));
  }
  return items;
}

function useImagePool(project: string, filter: string, order: string | null, enabled: boolean): Pool {
  const client = useQueryClient();
  const options = useMemo(() => imagesQuery(project, filter, order), [project, filter, order]);
  // Nothing is kept of a list that was left: coming back shows the first page, quickly, and not fifty slowly.
  const query = useInfiniteQuery({ ...options, enabled, gcTime: 0 });
  const { data, isPending, error, hasNextPage, isFetching, fetchNextPage } = query;
  const items = useMemo(() => flatten(data), [data]);
  const seenTo = useRef(0);

  const show = useCallback(
    (last: number) => {
      seenTo.current = last;
      if (last >= items.length - pageSize / 4 && hasNextPage && !isFetching) void fetchNextPage();
    },
    [items.length, hasNextPage, isFetching, fetchNextPage],
  );

  const refresh = useCallback(async () => {
    const pages = Math.ceil((seenTo.current + 1) / pageSize);
    client.setQueryData(options.queryKey, (old) =>
      old && { pages: old.pages.slice(0, pages), pageParams: old.pageParams.slice(0, pages) },
    );
    await client.invalidateQueries({ queryKey: options.queryKey });
  }, [client, options]);

  const loadAll = useCallback(async () => {
    let result = await fetchNextPage({ cancelRefetch: false });
    while (result.hasNextPage) result = await fetchNextPage();
    return flatten(result.data);
  }, [fetchNextPage]);

  const total = Math.max(data?.pages.at(-1)?.total ?? 0, items.length);
  return useMemo(
    () => ({ items, total: hasNextPage ? total : items.length, loading: isPending, error, show, refresh, loadAll }),
    [items, total, hasNextPage, isPending, error, show, refresh, loadAll],
  );
}

/** What a list asks the service about; null where it is no search, or has no picture yet. */
function useAsked(list: string, among: string | null, picture: File | null): Asked | null {
  return useMemo(() => {
    const search = searchOf(list);
    const filter = among ?? "all";
    if (search?.by === "images") return { filter, query: { image_ids: [...search.ids] } };
    if (search?.by === "class") return { filter, query: { class_id: search.classId } };
    return search && picture ? { filter, file: picture } : null;
  }, [list, among, picture]);
}

type Listing = Pick<View, "list" | "order" | "strategy" | "among">;

/** The images of a list; `picture` is what a search by picture searches with. */
export function usePool(project: string, { list, order, strategy, among }: Listing, picture: File | null): Pool {
  const suggested = list === "suggestions";
  const searched = searchOf(list) !== null;
  const suggestions = useSuggestionPool(project, strategy, suggested);
  const found = useSearchPool(project, useAsked(list, among, picture));
  const images = useImagePool(project, suggested || searched ? "all" : list, order, !suggested && !searched);
  if (searched) return found;
  return suggested ? suggestions : images;
}
