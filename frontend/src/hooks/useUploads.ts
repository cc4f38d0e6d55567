import { useDebouncedCallback } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useSyncExternalStore } from "react";

import { addExamples, addImages, findKnown } from "../api/calls";
import { ProblemError } from "../api/problem";
import { missing } from "../state/contents";
import { sortFiles } from "../state/files";
import { UploadQueue, type Outcome, type Progress, type Send } from "../state/uploads";
import { followFit } from "./refresh";

export interface Uploads {
  readonly progress: Progress;
  /** Adds to the pool or, given a class, to the pool as its examples. */
  readonly add: (files: readonly File[], classId?: string) => void;
  readonly cancel: () => void;
  readonly dismiss: () => void;
}

function outcomeOf(stored: readonly { duplicate: boolean }[], rejected: Outcome["rejected"]): Outcome {
  const duplicates = stored.filter((one) => one.duplicate).length;
  return { added: stored.length - duplicates, duplicates, rejected };
}

/** A request of which no file can be used is an error; here it is an outcome like others. */
function refusals(error: unknown): Outcome {
  if (error instanceof ProblemError && error.rejected.length > 0) return outcomeOf([], error.rejected);
  throw error;
}

function sender(project: string, classId: string | undefined): Send {
  if (classId !== undefined)
    return (files, signal) =>
      addExamples(project, classId, files, signal).then(({ examples, rejected }) => outcomeOf(examples, rejected), refusals);
  return async (files, signal) => {
    const wanted = await missing(files, (contents) => findKnown(project, contents, signal));
    if (wanted.length === 0) return { added: 0, duplicates: files.length, rejected: [] };
    const sent = await addImages(project, wanted, signal).then(({ images, rejected }) => outcomeOf(images, rejected), refusals);
    return { ...sent, duplicates: sent.duplicates + files.length - wanted.length };
  };
}

export function useUploads(project: string, onArrival: () => void): Uploads {
  const client = useQueryClient();
  const queue = useMemo(() => new UploadQueue(), []);
  const progress = useSyncExternalStore(queue.subscribe, queue.snapshot);

  const showArrivals = useDebouncedCallback(() => {
    void followFit(client, project);
    onArrival();
  }, 600);
  useEffect(() => {
    if (progress.settled > 0) showArrivals();
  }, [progress.settled, showArrivals]);

  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => {
      if (progress.running) event.preventDefault();
    };
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [progress.running]);

  const add = useCallback(
    (files: readonly File[], classId?: string) => {
      const { wanted, rejected } = sortFiles(files);
      queue.add(wanted, rejected, sender(project, classId));
    },
    [queue, project],
  );

  return useMemo(
    () => ({ progress, add, cancel: () => queue.cancel(), dismiss: () => queue.dismiss() }),
    [progress, add, queue],
  );
}
