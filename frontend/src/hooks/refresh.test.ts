import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { expect, it, vi } from "vitest";

import type { Job } from "../api/types";

// The client of the API asks where the page is.
vi.stubGlobal("location", new URL("http://127.0.0.1/"));
const { enterJob, followFit, renew } = await import("./refresh");

/** A list that somebody looks at, and the questions about it: each waits for `answer`. */
function watched(queryKey: string[], initialData?: unknown[], client = new QueryClient()) {
  const answers: ((found: unknown[]) => void)[] = [];
  const queryFn = () => new Promise<unknown[]>((resolve) => answers.push(resolve));
  const stop = new QueryObserver(client, { queryKey, queryFn, initialData }).subscribe(() => undefined);
  const answer = async (found: unknown[]) => {
    await vi.waitFor(() => expect(answers).not.toEqual([]), waiting);
    answers.shift()?.(found);
  };
  return { client, answers, answer, stop, seen: () => client.getQueryData(queryKey) };
}

const waiting = { timeout: 60_000, interval: 5 };

it("asks again where a first answer may be from before the change", async () => {
  const { client, answer, stop, seen } = watched(["images"]);
  const renewed = renew(client, ["images"]);
  await answer(["before"]);
  await answer(["after"]);
  await renewed;
  expect(seen()).toEqual(["after"]);
  stop();
});

it("lists a job that was just started, whatever was asked before", async () => {
  const job = (id: string, state: string) => ({ id, state }) as Job;
  const { client, answer, stop, seen } = watched(["jobs"], [job("1", "cancelled"), job("2", "succeeded")]);
  await enterJob(client, job("1", "queued"));
  await answer([job("1", "cancelled")]);
  await vi.waitFor(() => expect(client.isFetching()).toBe(0), waiting);
  expect(seen()).toEqual([job("1", "queued"), job("2", "succeeded")]);
  stop();
});

it("asks for the figures of a fit again once it knows of the jobs that may have made it", async () => {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } });
  const jobs = watched(["jobs"], [], client);
  const project = watched(["project", "tides"], ["unlabelled"], client);
  const followed = followFit(client, "tides");
  await project.answer(["not fitted yet"]);
  await vi.waitFor(() => expect(project.seen()).toEqual(["not fitted yet"]), waiting);
  expect(project.answers).toEqual([]);
  await jobs.answer([]);
  await followed;
  await project.answer(["fitted"]);
  await vi.waitFor(() => expect(project.seen()).toEqual(["fitted"]), waiting);
  jobs.stop();
  project.stop();
});
