import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import { keys } from "../api/queries";
import type { Job, Project } from "../api/types";
import { transfers } from "../state/transfers";
import { refreshFigures } from "./refresh";

/** What a project's imports have brought in so far; another text when there is more. */
function brought(jobs: readonly Job[], project: string): string {
  return transfers(jobs, project)
    .flatMap(({ id, kind, state, outcome }) => (kind === "import" ? [`${id} ${state} ${outcome?.added ?? 0} ${outcome?.labelled ?? 0}`] : []))
    .join();
}

/** While an import is under way the pool grows; a map that was made is shown. */
export function useFollowImports({ id }: Project, jobs: readonly Job[], refresh: () => void): void {
  const client = useQueryClient();
  const now = brought(jobs, id);
  const before = useRef(now);
  useEffect(() => {
    if (before.current === now) return;
    before.current = now;
    refreshFigures(client, id);
    refresh();
  }, [client, id, now, refresh]);

  const maps = jobs.filter((job) => job.kind === "map" && job.project_id === id && job.state === "succeeded").length;
  useEffect(() => {
    void client.invalidateQueries({ queryKey: keys.maps(id) });
  }, [client, id, maps]);
}
