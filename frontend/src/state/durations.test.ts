import { expect, it } from "vitest";

import { duration, memory, secondsBetween, timeLeft } from "./durations";

it.each([
  [1, "a few seconds"],
  [38, "40 seconds"],
  [58, "1 minute"],
  [700, "12 minutes"],
  [3590, "1 hour"],
  [7800, "2 h 10 min"],
  [23.8 * 3600, "23 h 50 min"],
  [23.95 * 3600, "1 day"],
  [250_000, "3 days"],
])("says %s seconds as %s", (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

it("says how long it still takes", () => {
  expect(timeLeft(3)).toBe("a few seconds left");
  expect(timeLeft(700)).toBe("about 12 minutes left");
});

it("measures between two moments of the service", () => {
  expect(secondsBetween("2026-03-01T10:00:00Z", "2026-03-01T10:01:30.5Z")).toBe(90.5);
});

it("says memory in the unit that a reader knows", () => {
  expect(memory(619.6)).toBe("620 MB");
  expect(memory(3174)).toBe("3.1 GB");
});
