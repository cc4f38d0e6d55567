import { describe, expect, it } from "vitest";

import { classOfList, followsPredictions, formatView, labelFits, opening, parseView } from "./view";

describe("the URL", () => {
  it.each([
    "",
    "?project=sea&view=all",
    "?project=sea&view=encoders",
    "?project=sea&view=evaluation&image=7",
    "?project=sea&view=class%3Asea-otter&order=confident",
    "?project=sea&view=predicted%3Aseal&image=12",
    "?project=sea&strategy=random",
    "?project=sea&view=similar%3A12%2C15&among=unlabelled",
    "?project=sea&view=nearest%3Asea-otter",
    "?project=sea&view=map",
  ])("says the same after a round trip: %s", (search) => {
    expect(formatView(parseView(search))).toBe(search);
  });

  it("opens on the suggestions when it says nothing, or nonsense", () => {
    expect(parseView("").list).toBe("suggestions");
    const nothing = { project: null, ...opening("suggestions") };
    expect(parseView("?view=everything&order=random&image=-3")).toEqual(nothing);
    expect(parseView("?view=similar:otter")).toEqual(nothing);
  });
});

it("knows the class that a list is about", () => {
  expect(classOfList("class:sea-otter")).toBe("sea-otter");
  expect(classOfList("predicted:a:b")).toBe("a:b");
  expect(classOfList("nearest:seal")).toBe("seal");
  expect(classOfList("unlabelled")).toBeNull();
});

it("knows which images a label takes out of a list", () => {
  expect(labelFits("unlabelled", "otter")).toBe(false);
  expect(labelFits("uncertain", null)).toBe(true);
  expect(labelFits("labelled", null)).toBe(false);
  expect(labelFits("class:otter", "otter")).toBe(true);
  expect(labelFits("class:otter", "seal")).toBe(false);
  expect(labelFits("all", "otter")).toBe(true);
});

it("holds still the lists that each label would re-sort", () => {
  expect(followsPredictions("uncertain", null)).toBe(true);
  expect(followsPredictions("all", "confident")).toBe(true);
  expect(followsPredictions("all", null)).toBe(false);
  expect(followsPredictions("unlabelled", "oldest")).toBe(false);
});
