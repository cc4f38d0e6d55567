/** What is cached under which key. Everything of a project starts with its id, so it is refreshed together. */
import { infiniteQueryOptions, queryOptions, type InfiniteData } from "@tanstack/react-query";

import { decodeMap } from "../state/embeddingMap";
import { fromSuggestion, isEmpty, type Item } from "../state/items";
import { isActive } from "../state/jobs";
import { emptyRun, fold, type Run } from "../state/run";
import * as calls from "./calls";
import { ProblemError } from "./problem";
import type { Comparison, ImagePage, Job, Project, SearchQuery, SearchResult } from "./types";

export const keys = {
  session: ["session"] as const,
  projects: ["projects"] as const,
  encoders: (project: string) => ["encoders", project] as const,
  presets: ["presets"] as const,
  jobs: ["jobs"] as const,
  project: (project: string) => ["project", project] as const,
  classes: (project: string) => ["classes", project] as const,
  classifiers: (project: string) => ["classifiers", project] as const,
  lists: (project: string) => ["images", project] as const,
  suggestions: (project: string) => ["suggestions", project] as const,
  searches: (project: string) => ["search", project] as const,
  maps: (project: string) => ["map", project] as const,
  image: (project: string, id: number) => ["image", project, id] as const,
  details: (project: string) => ["detail", project] as const,
  evaluations: (project: string) => ["evaluation", project] as const,
};

export const sessionQuery = queryOptions({ queryKey: keys.session, queryFn: calls.getSession });
/** Asked only while a project waits for its first encoder. */
export const preparationQuery = queryOptions({
  queryKey: ["preparation"],
  queryFn: async () => (await calls.listJobs("register_encoder"))[0] ?? null,
  refetchInterval: 3000,
});
export const projectsQuery = queryOptions({
  queryKey: keys.projects,
  queryFn: calls.listProjects,
  // On a first start the sample project appears a little after the page.
  refetchInterval: (query) => (query.state.data?.every((project) => project.images === 0) ? 3000 : false),
});
/** The list is fetched again when the project has another encoder. */
export const encodersQuery = ({ id, encoder_id: encoder }: Project) =>
  queryOptions({ queryKey: [...keys.encoders(id), encoder] as const, queryFn: () => calls.listEncoders(id) });
/** The same, kept up to labels and to what is being embedded. */
export const liveEncodersQuery = (project: Project) =>
  queryOptions({
    queryKey: [...keys.encoders(project.id), project.encoder_id, project.next_encoder_id, project.active_version] as const,
    queryFn: () => calls.listEncoders(project.id),
    placeholderData: (old, query) => (query?.queryKey[1] === project.id ? old : undefined),
    refetchInterval: project.pending > 0 || project.next_encoder_id !== null ? 1500 : false,
  });
export const presetsQuery = queryOptions({ queryKey: keys.presets, queryFn: calls.listPresets });
/** The newest jobs of all projects, and pretrainings however many have come since; asked for more often while one is under way. */
export const jobsQuery = queryOptions({
  queryKey: keys.jobs,
  queryFn: async () => {
    const found = await Promise.all([calls.listJobs(), calls.listJobs("pretrain")]);
    return [...new Map(found.flat().map((job) => [job.id, job])).values()];
  },
  refetchInterval: (query) => (query.state.data?.some(isActive) ? 2000 : 15_000),
});
/** All that a pretraining said that is over; it may go on once more, and then says more. */
export const runQuery = ({ id, finished_at: end }: Pick<Job, "id" | "finished_at">) =>
  queryOptions({
    queryKey: ["run", id, end] as const,
    queryFn: async ({ signal }): Promise<Run> => {
      let run = emptyRun;
      for (;;) {
        const records = await calls.listRecords(id, run.last, signal);
        if (records.length === 0) return run;
        run = fold(run, records);
      }
    },
    staleTime: Infinity,
  });

/** Embedding and the first fit run in other processes; until they are done, figures change by themselves. */
function isMoving(project: Project): boolean {
  const { pending, examples, active_version: version, encoder_id: encoder, next_encoder_id: next } = project;
  return encoder === null || next !== null || pending > 0 || (examples > 0 && version === null);
}

export const projectQuery = (project: string) =>
  queryOptions({
    queryKey: keys.project(project),
    queryFn: () => calls.getProject(project),
    refetchInterval: (query) => (query.state.data && isMoving(query.state.data) ? 1500 : false),
  });

export const classesQuery = (project: string) =>
  queryOptions({ queryKey: keys.classes(project), queryFn: () => calls.listClasses(project) });

export const classifiersQuery = (project: string) =>
  queryOptions({ queryKey: keys.classifiers(project), queryFn: () => calls.listClassifiers(project) });

export const imagesQuery = (project: string, filter: string, order: string | null) =>
  infiniteQueryOptions({
    queryKey: [...keys.lists(project), filter, order] as const,
    queryFn: ({ pageParam, signal }) => calls.listImages(project, { filter, order, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    meta: { shownInPlace: (list?: InfiniteData<ImagePage>) => isEmpty(list?.pages ?? []) },
  });

/** A batch holds still while it is worked through: new suggestions come when it is done, or asked for. */
export const batchSize = 30;
export const suggestionsQuery = (project: string, strategy: string | null) =>
  queryOptions({
    queryKey: [...keys.suggestions(project), strategy] as const,
    queryFn: async ({ signal }) => (await calls.suggest(project, batchSize, strategy, signal)).suggestions.map(fromSuggestion),
    staleTime: Infinity,
    meta: { shownInPlace: (batch?: Item[]) => !batch?.length },
  });

/** What is searched with, and among which images; a picture is told apart by what a file says of itself. */
export type Asked = { readonly filter: string } & (
  | { readonly query: SearchQuery }
  | { readonly file: File }
);
/** As many as the service finds at once. */
export const mostFound = 1000;

function identityOf(asked: Asked): readonly unknown[] {
  return "file" in asked ? [asked.file.name, asked.file.size, asked.file.lastModified] : [asked.query];
}

/** A search holds still while its images are labelled, as suggestions do. */
export const searchQuery = (project: string, asked: Asked | null, limit: number) =>
  queryOptions({
    queryKey: [...keys.searches(project), asked?.filter, ...(asked ? identityOf(asked) : []), limit] as const,
    queryFn: ({ signal }) => find(project, asked, limit, signal),
    enabled: asked !== null,
    staleTime: Infinity,
    gcTime: 60_000,
    meta: { shownInPlace: true },
  });

async function find(project: string, asked: Asked | null, limit: number, signal: AbortSignal): Promise<SearchResult[]> {
  if (!asked) return [];
  const among = { filter: asked.filter, limit };
  if (!("file" in asked)) return (await calls.searchByQuery(project, asked.query, among, signal)).results;
  const { results, rejected } = await calls.searchByFile(project, asked.file, among, signal);
  const [refused] = rejected;
  if (refused) throw new Error(`${refused.filename}: ${refused.reason}`);
  return results;
}

/** Null where no map was made yet. Labels, predictions and images change it; its places stay. */
export const mapQuery = (project: string, version: number | null) =>
  queryOptions({
    queryKey: [...keys.maps(project), version] as const,
    queryFn: async ({ signal }) => {
      try {
        return decodeMap(await calls.getMap(project, signal));
      } catch (error) {
        if (error instanceof ProblemError && error.kind === "no-map") return null;
        throw error;
      }
    },
    placeholderData: (old, query) => (query?.queryKey[1] === project ? old : undefined),
    staleTime: 60_000,
    gcTime: 60_000,
    meta: { shownInPlace: true },
  });

export const importOptionsQuery = queryOptions({ queryKey: ["import options"], queryFn: calls.getImportOptions, staleTime: Infinity });
/** Why files were left out; `failed` tells that there are more by now. */
export const errorsQuery = (id: string, failed: number) =>
  queryOptions({ queryKey: ["errors", id, failed] as const, queryFn: () => calls.listErrors(id), meta: { shownInPlace: true } });

export const imageQuery = (project: string, id: number) =>
  queryOptions({
    queryKey: keys.image(project, id),
    queryFn: ({ signal }) => calls.getImage(project, id, signal),
  });

/** Scores, certainty and nearest examples of one image; they belong to one classifier version. */
export const detailQuery = (project: string, id: number, version: number | null) =>
  queryOptions({
    queryKey: [...keys.details(project), id, version] as const,
    queryFn: ({ signal }) => calls.explainImage(project, id, signal),
    enabled: version !== null,
  });

/** Predictions by one version, to be put into a list; asked again while the service is away or busy. */
export const freshQuery = (project: string, version: number, images: number[]) =>
  queryOptions({
    queryKey: ["fresh", project, version, images] as const,
    queryFn: ({ signal }) => calls.predictImages(project, images, signal),
    gcTime: 0,
    meta: { shownInPlace: true },
  });

/** `version` only because a new label is a new example: the nearest may then be another. */
export const neighboursQuery = (project: string, id: number, of: "examples" | "images", version: number | null) =>
  queryOptions({
    queryKey: [...keys.details(project), id, "neighbours", of, version] as const,
    queryFn: () => calls.listNeighbours(project, id, of, 8),
    placeholderData: (old, query) => (query?.queryKey[2] === id && query.queryKey[4] === of ? old : undefined),
  });

/** Of the version that answers; the previous one's stands until the new one's is there. */
export const evaluationQuery = (project: string, version: number | null) =>
  queryOptions({
    queryKey: [...keys.evaluations(project), version] as const,
    queryFn: ({ signal }) => calls.evaluate(project, signal),
    enabled: version !== null,
    placeholderData: (old, query) => (query?.queryKey[1] === project ? old : undefined),
    meta: { shownInPlace: true },
  });

export interface Sides<Id> {
  readonly a: Id;
  readonly b: Id;
}

/** On the present labels, of which `version` tells that they have changed. */
export const classifierComparisonQuery = (project: string, version: number | null, { a, b }: Sides<number>) =>
  queryOptions({
    queryKey: [...keys.evaluations(project), version, "classifiers", a, b] as const,
    queryFn: ({ signal }): Promise<Comparison> => calls.compareClassifiers(project, a, b, signal),
    meta: { shownInPlace: true },
  });

export const encoderComparisonQuery = (project: string, version: number | null, { a, b }: Sides<string>) =>
  queryOptions({
    queryKey: [...keys.evaluations(project), version, "encoders", a, b] as const,
    queryFn: ({ signal }): Promise<Comparison> => calls.compareEncoders(project, a, b, signal),
    meta: { shownInPlace: true },
  });
