import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import type { DetailedError, Upload } from "tus-js-client";

import { startImport } from "../api/calls";
import type { ImportPayload } from "../api/types";
import type { Sent } from "../state/transfers";
import { enterJob } from "./refresh";

/** One archive on its way to the service, which imports it when it is there. */
export interface ArchiveUpload {
  /** Chosen to be sent, or being sent. */
  readonly file: File | null;
  readonly sent: Sent | null;
  readonly error: string | null;
  readonly choose: (file: File | null) => void;
  readonly begin: (options: Omit<ImportPayload, "source">) => void;
  /** Stops sending; the same file goes on from there when it is sent again. */
  readonly stop: () => void;
}

const pieceBytes = 64 * 2 ** 20;
const retryMilliseconds = [0, 1000, 3000, 5000, 10_000, 20_000, 30_000];

/** What the service said, out of an error of the library. */
function reasonOf(error: Error | DetailedError): string {
  const answer = "originalResponse" in error ? error.originalResponse?.getBody() : undefined;
  try {
    return (JSON.parse(answer ?? "") as { detail: string }).detail;
  } catch {
    return "The service could not be reached. Send the same file again: it goes on from where it was.";
  }
}

interface Handlers {
  readonly onProgress: (sent: number, total: number) => void;
  readonly onDone: (uploadId: string) => void;
  readonly onFailed: (reason: string) => void;
}

/** The library is fetched with the first archive: few visits send one. */
async function send(file: File, { onProgress, onDone, onFailed }: Handlers): Promise<Upload> {
  const { Upload } = await import("tus-js-client");
  const upload: Upload = new Upload(file, {
    endpoint: "/uploads",
    chunkSize: pieceBytes,
    retryDelays: retryMilliseconds,
    removeFingerprintOnSuccess: true,
    metadata: { filename: file.name },
    onProgress,
    onError: (error) => onFailed(reasonOf(error)),
    onSuccess: () => onDone(upload.url?.split("/").at(-1) ?? ""),
  });
  const [before] = await upload.findPreviousUploads();
  if (before) upload.resumeFromPreviousUpload(before);
  upload.start();
  return upload;
}

function useStartImport(project: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (payload: ImportPayload) => startImport(project, payload),
    onSuccess: (job) => enterJob(client, job),
  });
}

export function useArchiveUpload(project: string): ArchiveUpload {
  const [file, choose] = useState<File | null>(null);
  const [sent, setSent] = useState<Sent | null>(null);
  const [error, setError] = useState<string | null>(null);
  const running = useRef<Promise<Upload> | null>(null);
  const { mutate: startJob } = useStartImport(project);

  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => {
      if (sent) event.preventDefault();
    };
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [sent]);

  const begin = (options: Omit<ImportPayload, "source">) => {
    if (!file || sent) return;
    const from = Date.now();
    const over = () => {
      running.current = null;
      setSent(null);
    };
    setError(null);
    setSent({ sent: 0, total: file.size, seconds: 0 });
    running.current = send(file, {
      onProgress: (done, total) => setSent({ sent: done, total, seconds: (Date.now() - from) / 1000 }),
      onDone: (id) => {
        over();
        choose(null);
        startJob({ ...options, source: `upload:${id}` });
      },
      onFailed: (reason) => {
        over();
        setError(reason);
      },
    });
  };
  const stop = () => {
    void running.current?.then((upload) => upload.abort());
    running.current = null;
    setSent(null);
  };
  return {
    file,
    sent,
    error,
    choose: (next) => {
      setError(null);
      choose(next);
    },
    begin,
    stop,
  };
}
