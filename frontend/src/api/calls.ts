/** Every call the page makes, one function each. */
import { body, client, formOf } from "./client";
import type {
  ClassifierKind,
  ExamplesAdded,
  ExportFormat,
  ExportPayload,
  FileErrors,
  ImagesAdded,
  ImportPayload,
  Job,
  LabelChange,
  Predictions,
  PretrainPayload,
  SearchQuery,
  Strategy,
} from "./types";

type Signal = AbortSignal | undefined;

const inProject = (project: string) => ({ query: { project } });
const classIn = (project: string, id: string) => ({ ...inProject(project), path: { class_id: id } });
const imageIn = (project: string, id: number) => ({ ...inProject(project), path: { image_id: id } });

export const getSession = () => body(client.GET("/session"));
export const signIn = (key: string) => body(client.POST("/session", { body: { key } }));
export const signOut = () => body(client.DELETE("/session"));
export const isAlive = () => body(client.GET("/health/live"));

export const listProjects = async () => (await body(client.GET("/projects"))).projects;
export const getProject = (id: string) => body(client.GET("/projects/{project_id}", { params: { path: { project_id: id } } }));
export const createProject = (name: string) => body(client.POST("/projects", { body: { name } }));
export const deleteProject = (id: string) => body(client.DELETE("/projects/{project_id}", { params: { path: { project_id: id } } }));
export const updateProject = (id: string, changes: { name?: string; classifier?: ClassifierKind }) =>
  body(client.PATCH("/projects/{project_id}", { params: { path: { project_id: id } }, body: changes }));

export const listClasses = async (project: string) =>
  (await body(client.GET("/classes", { params: inProject(project) }))).classes;
export const createClass = (project: string, name: string) =>
  body(client.POST("/classes", { params: inProject(project), body: { name } }));
export const renameClass = (project: string, id: string, name: string) =>
  body(client.PATCH("/classes/{class_id}", { params: classIn(project, id), body: { name } }));
export const mergeClass = (project: string, id: string, into: string) =>
  body(client.POST("/classes/{class_id}/merge", { params: classIn(project, id), body: { into } }));
export const deleteClass = (project: string, id: string, deleteExamples: boolean) =>
  body(
    client.DELETE("/classes/{class_id}", {
      params: { path: { class_id: id }, query: { project, delete_examples: deleteExamples } },
    }),
  );

export const setLabels = (project: string, labels: LabelChange[]) =>
  body(client.POST("/labels", { params: inProject(project), body: { labels } }));

export interface PageOf {
  readonly filter: string;
  readonly order: string | null;
  readonly cursor: string | null;
}

export const pageSize = 200;

/** The filter may name a class (`class:ID`), which the schema can only call a string. */
export const listImages = (project: string, { filter, order, cursor }: PageOf, signal: Signal) =>
  body(
    client.GET("/images", {
      params: {
        query: { project, filter, limit: pageSize, ...(order && { order: order as "newest" }), ...(cursor && { cursor }) },
      },
      ...(signal && { signal }),
    }),
  );
export const getImage = (project: string, id: number, signal: Signal) =>
  body(client.GET("/images/{image_id}", { params: imageIn(project, id), ...(signal && { signal }) }));
export const deleteImage = (project: string, id: number) =>
  body(client.DELETE("/images/{image_id}", { params: imageIn(project, id) }));
export const listNeighbours = async (project: string, id: number, of: "examples" | "images", limit: number) =>
  (
    await body(
      client.GET("/images/{image_id}/neighbours", { params: { path: { image_id: id }, query: { project, of, limit } } }),
    )
  ).neighbours;

const multipart = (files: File[], signal: Signal) => ({
  body: { files: [] as string[] },
  bodySerializer: () => formOf(files),
  ...(signal && { signal }),
});

export const addImages = (project: string, files: File[], signal?: AbortSignal): Promise<ImagesAdded> =>
  body(client.POST("/images", { params: inProject(project), ...multipart(files, signal) }));
export const addExamples = (project: string, id: string, files: File[], signal?: AbortSignal): Promise<ExamplesAdded> =>
  body(client.POST("/classes/{class_id}/examples", { params: classIn(project, id), ...multipart(files, signal) }));
export const findKnown = async (project: string, sha256s: string[], signal?: AbortSignal) =>
  (await body(client.POST("/images/known", { params: inProject(project), body: { sha256s }, ...(signal && { signal }) }))).known;

const explained = (project: string) => ({ query: { project, explain: true } });

/** With how sure the answers are, as `explainImage`. */
export const explainFiles = (project: string, files: File[], signal?: AbortSignal): Promise<Predictions> =>
  body(client.POST("/predict", { params: explained(project), ...multipart(files, signal) }));
export const explainImage = async (project: string, id: number, signal: AbortSignal) =>
  (await body(client.POST("/predict", { params: explained(project), body: { image_ids: [id] }, signal }))).predictions[0] ?? null;
export const predictImages = (project: string, ids: number[], signal?: AbortSignal): Promise<Predictions> =>
  body(client.POST("/predict", { params: inProject(project), body: { image_ids: ids }, ...(signal && { signal }) }));

/** The service knows its strategies; the address of the page may name any. */
export const suggest = (project: string, limit: number, strategy: string | null, signal: Signal) =>
  body(
    client.GET("/suggestions", {
      params: { query: { project, limit, ...(strategy !== null && { strategy: strategy as Strategy }) } },
      ...(signal && { signal }),
    }),
  );

export interface Among {
  readonly filter: string;
  readonly limit: number;
}

const searchIn = (project: string, { filter, limit }: Among, signal: Signal) => ({
  params: { query: { project, filter, limit } },
  ...(signal && { signal }),
});
export const searchByQuery = (project: string, query: SearchQuery, among: Among, signal?: AbortSignal) =>
  body(client.POST("/search", { ...searchIn(project, among, signal), body: query }));
export const searchByFile = (project: string, file: File, among: Among, signal?: AbortSignal) =>
  body(client.POST("/search", { ...searchIn(project, among, signal), ...multipart([file], signal) }));

export const getMap = (project: string, signal: Signal) =>
  body(client.GET("/map", { params: inProject(project), ...(signal && { signal }) }));
export const startMap = (project: string) =>
  body(client.POST("/jobs", { params: inProject(project), body: { kind: "map", payload: {} } }));

export const listClassifiers = async (project: string) =>
  (await body(client.GET("/classifiers", { params: inProject(project) }))).classifiers;
export const activateClassifier = (project: string, version: number) =>
  body(
    client.POST("/classifiers/{version}/activate", { params: { ...inProject(project), path: { version } } }),
  );

export const evaluate = (project: string, signal: AbortSignal) =>
  body(client.GET("/evaluation", { params: inProject(project), signal }));
export const compareClassifiers = (project: string, a: number, b: number, signal: AbortSignal) =>
  body(client.GET("/classifiers/compare", { params: { query: { project, a, b } }, signal }));
export const compareEncoders = (project: string, a: string, b: string, signal: AbortSignal) =>
  body(client.GET("/encoders/compare", { params: { query: { project, a, b } }, signal }));
export const exportClassifier = (project: string, version: number, format: ExportFormat): Promise<Blob> =>
  body(
    client.GET("/classifiers/{version}/export", {
      params: { query: { project, format }, path: { version } },
      parseAs: "blob",
    }),
  );

const jobOf = (id: string) => ({ path: { job_id: id } });

export const listJobs = async (kind?: Job["kind"]) =>
  (await body(client.GET("/jobs", { params: { query: { limit: 50, ...(kind && { kind }) } } }))).jobs;
export const cancelJob = (id: string) => body(client.DELETE("/jobs/{job_id}", { params: jobOf(id) }));
export const resumeJob = (id: string) => body(client.POST("/jobs/{job_id}/resume", { params: jobOf(id) }));
export const startImport = (project: string, payload: ImportPayload) =>
  body(client.POST("/jobs", { params: inProject(project), body: { kind: "import", payload } }));
export const startExport = (project: string, payload: ExportPayload) =>
  body(client.POST("/jobs", { params: inProject(project), body: { kind: "export", payload } }));
export const getImportOptions = () => body(client.GET("/imports/options"));
export const listErrors = (id: string) =>
  body(client.GET("/jobs/{job_id}/errors", { params: { ...jobOf(id), query: { limit: 100 } } })) as Promise<FileErrors>;
export const errorsUrl = (id: string) => `/jobs/${encodeURIComponent(id)}/errors?format=csv`;
export const exportedUrl = (id: string) => `/jobs/${encodeURIComponent(id)}/file`;
export const listRecords = async (id: string, after: number, signal: Signal) =>
  (await body(client.GET("/jobs/{job_id}/records", { params: { ...jobOf(id), query: { after } }, ...(signal && { signal }) }))).records;
export const eventsUrl = (id: string, after: number) => `/jobs/${encodeURIComponent(id)}/events?after=${after}`;

export const listEncoders = (project: string) => body(client.GET("/encoders", { params: inProject(project) }));
export const registerEncoder = (spec: string) => body(client.POST("/encoders", { body: { spec } }));
export const switchEncoder = (project: string, encoder: string) =>
  body(
    client.PUT("/projects/{project_id}/encoder", { params: { path: { project_id: project } }, body: { encoder_id: encoder } }),
  );
export const listPresets = async () => (await body(client.GET("/presets"))).presets;
export const startPretraining = (project: string, payload: PretrainPayload) =>
  body(client.POST("/jobs", { params: inProject(project), body: { kind: "pretrain", payload } }));

const fileOf = (project: string, id: number, kind: string) =>
  `/images/${id}/${kind}?project=${encodeURIComponent(project)}`;
export const thumbnailUrl = (project: string, id: number) => fileOf(project, id, "thumbnail");
export const pictureUrl = (project: string, id: number) => fileOf(project, id, "file");
