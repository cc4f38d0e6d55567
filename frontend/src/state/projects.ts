import type { Project } from "../api/types";

/** The one in the URL, else the one used last, else the fullest, else `default`; null when there is none at all. */
export function chooseProject(
  projects: readonly Project[],
  asked: string | null,
  last: string | null,
): Project | null {
  const byId = (id: string | null) => projects.find((project) => project.id === id);
  const fullest = projects.reduce<Project | undefined>(
    (best, project) => (project.images > (best?.images ?? 0) ? project : best),
    undefined,
  );
  return byId(asked) ?? byId(last) ?? fullest ?? byId("default") ?? projects[0] ?? null;
}
