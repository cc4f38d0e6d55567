/** The contract's messages under short names; the schema itself is generated. */
import type { components, operations } from "./schema";

type Schemas = components["schemas"];

export type Problem = Schemas["Problem"];
export type Project = Schemas["Project"];
export type ProjectUpdate = Schemas["ProjectUpdate"];
export type Estimate = Schemas["Estimate"];
export type ImageClass = Schemas["Class"];
export type PoolImage = Schemas["Image"];
export type ImagePage = Schemas["ImagePage"];
export type ImagesAdded = Schemas["ImagesAdded"];
export type ExamplesAdded = Schemas["ExamplesAdded"];
export type Rejected = Schemas["Rejected"];
export type LabelChange = Schemas["LabelChange"];
export type PredictionSummary = Schemas["PredictionSummary"];
export type Prediction = Schemas["Prediction"];
export type Predictions = Schemas["Predictions"];
export type Neighbour = Schemas["Neighbour"];
export type Suggestion = Schemas["Suggestion"];
export type Classifier = Schemas["Classifier"];
export type ClassifierKind = Project["classifier"];
export type Encoder = Schemas["Encoder"];
export type Evaluation = Schemas["Evaluation"];
export type ClassEvaluation = Schemas["ClassEvaluation"];
export type Comparison = Omit<Schemas["ClassifierComparison"], "a" | "b">;
export type Job = Schemas["Job"];
export type Preset = Schemas["Preset"];
export type PretrainPayload = Schemas["PretrainPayload"];
export type RunRecord = Schemas["Record"];
export type ImportPayload = Schemas["ImportPayload"];
export type ExportPayload = Schemas["ExportPayload"];
export type ImportOptions = Schemas["ImportOptions"];
export type FileErrors = Schemas["FileErrors"];
export type SearchResult = Schemas["SearchResult"];
export type PoolMap = Schemas["PoolMap"];

type ExportQuery = NonNullable<operations["export_classifier_classifiers__version__export_get"]["parameters"]["query"]>;
export type ExportFormat = NonNullable<ExportQuery["format"]>;
type SuggestionsQuery = NonNullable<operations["get_suggestions_suggestions_get"]["parameters"]["query"]>;
export type Strategy = NonNullable<SuggestionsQuery["strategy"]>;
/** Images of the pool, or a class. */
export type SearchQuery = operations["search_search_post"]["requestBody"]["content"]["application/json"];
