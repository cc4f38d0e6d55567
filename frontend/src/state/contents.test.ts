import { afterEach, expect, it, vi } from "vitest";

import { missing, sha256Of } from "./contents";

const file = (text: string) => new File([text], `${text}.png`);
const ofAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

afterEach(() => vi.unstubAllGlobals());

it("names a content as the service does", async () => {
  expect(await sha256Of(file("abc"))).toBe(ofAbc);
});

it("leaves out what the service has, asking of each content once", async () => {
  const asked: string[][] = [];
  const wanted = await missing([file("abc"), file("abc"), file("def")], (contents) => {
    asked.push(contents);
    return Promise.resolve([ofAbc]);
  });
  expect(wanted.map(({ name }) => name)).toEqual(["def.png"]);
  expect(asked.map((contents) => contents.length)).toEqual([2]);
});

it("sends everything where the page may not compute digests", async () => {
  vi.stubGlobal("crypto", {});
  const files = [file("abc")];
  expect(await missing(files, () => Promise.reject(new Error("must not be asked")))).toEqual(files);
});
