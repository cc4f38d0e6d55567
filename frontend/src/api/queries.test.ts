import { expect, it, vi } from "vitest";

// The client of the API asks where the page is.
vi.stubGlobal("location", new URL("http://127.0.0.1/"));
const { makeQueryClient } = await import("./queryClient");
const { freshQuery } = await import("./queries");

it("asks for predictions again that could not be had", async () => {
  const predictions = { predictions: [], rejected: [], classifier: { version: 3 } };
  const answers = [new Response(null, { status: 502 }), Response.json(predictions)];
  vi.stubGlobal("fetch", () => Promise.resolve(answers.shift()));
  expect(await makeQueryClient().query(freshQuery("tides", 3, [1]))).toEqual(predictions);
  expect(answers).toEqual([]);
});
