import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";

import { showError } from "../components/notify";
import { isShownInPlace, isSignedOut, isWorthRetrying } from "./problem";
import { keys } from "./queries";

export function makeQueryClient(): QueryClient {
  const onError = (error: Error, shownInPlace: boolean) => {
    if (isSignedOut(error)) void client.invalidateQueries({ queryKey: keys.session });
    else if (!shownInPlace) showError(error);
  };
  const client = new QueryClient({
    defaultOptions: {
      queries: {
        retry: isWorthRetrying,
        retryDelay: (failures) => Math.min(4000, 500 * 2 ** failures),
        staleTime: 1000,
        // The service may well run on this machine, online or not.
        networkMode: "always",
      },
      mutations: { networkMode: "always" },
    },
    queryCache: new QueryCache({ onError: (error, query) => onError(error, isShownInPlace(query.meta?.shownInPlace, query.state.data)) }),
    mutationCache: new MutationCache({
      onError: (error, _variables, _context, mutation) => onError(error, mutation.meta?.shownInPlace === true),
    }),
  });
  return client;
}
