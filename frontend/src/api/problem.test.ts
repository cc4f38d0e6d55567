import { expect, it } from "vitest";

import { isShownInPlace, isWorthRetrying, ProblemError, ServiceAway } from "./problem";

const problem = (status: number, kind: string) => new ProblemError(status, "No", "Not now.", `https://handful.dev/problems/${kind}`);

it("waits as long as it takes for a service that is away, or busy for others", () => {
  expect(isWorthRetrying(50, new ServiceAway())).toBe(true);
  expect(isWorthRetrying(50, problem(503, "busy"))).toBe(true);
});

it("gives up soon on other faults, and at once on what the service says no to", () => {
  expect(isWorthRetrying(1, problem(500, "internal-error"))).toBe(true);
  expect(isWorthRetrying(2, problem(503, "no-room"))).toBe(false);
  expect(isWorthRetrying(0, problem(409, "labels-gone"))).toBe(false);
});

it("tells once of a list that cannot be had: in its place, or beside what is still shown there", () => {
  const whileEmpty = (images?: number[]) => !images?.length;
  expect(isShownInPlace(whileEmpty, undefined)).toBe(true);
  expect(isShownInPlace(whileEmpty, [])).toBe(true);
  expect(isShownInPlace(whileEmpty, [1])).toBe(false);
  expect(isShownInPlace(true, [1])).toBe(true);
  expect(isShownInPlace(undefined, undefined)).toBe(false);
});
