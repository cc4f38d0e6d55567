import { expect, it } from "vitest";

import type { Project } from "../api/types";
import { chooseProject } from "./projects";

const project = (id: string, images: number) => ({ id, images }) as Project;
const all = [project("default", 0), project("sea", 40), project("trash", 90)];

it("opens the one in the URL, else the last one, else the fullest", () => {
  expect(chooseProject(all, "sea", "trash")?.id).toBe("sea");
  expect(chooseProject(all, null, "sea")?.id).toBe("sea");
  expect(chooseProject(all, "gone", "gone too")?.id).toBe("trash");
});

it("opens the default one when all are empty, and none when there is none", () => {
  expect(chooseProject([project("b", 0), project("default", 0)], null, null)?.id).toBe("default");
  expect(chooseProject([], "sea", null)).toBeNull();
});
