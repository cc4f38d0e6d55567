/** Imports and exports as a person asks for them and follows them. */
import type { ExportPayload, ImportPayload, Job } from "../api/types";
import { memory, timeLeft } from "./durations";
import { plural } from "./figures";
import { isActive } from "./jobs";

export type ImportFormat = NonNullable<ImportPayload["format"]>;
export type DataFormat = ExportPayload["format"];

export const importFormats: Readonly<Record<ImportFormat, string>> = {
  auto: "Find out",
  folder: "Folders named after classes",
  zip: "ZIP archive",
  tar: "tar archive",
  s3: "Bucket of folders named after classes",
  csv: "CSV table of paths or URLs",
  coco: "COCO annotations",
  labelstudio: "Label Studio export",
  hf: "Hugging Face image folder",
  parquet: "Parquet with images",
};

interface FormatWords {
  readonly name: string;
  readonly what: string;
}

export const exportFormats: Readonly<Record<DataFormat, FormatWords>> = {
  imagefolder: { name: "Image folder", what: "Folders named after classes" },
  csv: { name: "CSV", what: "A table of files and labels" },
  coco: { name: "COCO", what: "One category an image" },
  labelstudio: { name: "Label Studio", what: "Tasks with choices, as JSON" },
  hf: { name: "Hugging Face", what: "An image folder with metadata" },
  parquet: { name: "Parquet", what: "One table that holds everything" },
};

const archives = /\.(zip|tar|tgz|tar\.(gz|bz2|xz)|parquet|csv|tsv|json|jsonl)$/i;

/** Files that hold images or labels of images, and are none themselves. */
export const isArchive = (name: string): boolean => archives.test(name);

/** Whether the service can leave the files where they lie: only on its own disk. */
export const canReference = (source: string): boolean => !/^(s3|upload):/i.test(source.trim());

/** The imports and exports of a project, the newest first. */
export function transfers(jobs: readonly Job[], project: string): Job[] {
  return jobs
    .filter((job) => (job.kind === "import" || job.kind === "export") && job.project_id === project)
    .sort((a, b) => b.created_at.localeCompare(a.created_at));
}

/** How far what is under way is, 0 to 1; null when nothing is. */
export function shareMoved(jobs: readonly Job[]): number | null {
  const job = jobs.find(isActive);
  return job ? shareOf(job) : null;
}

export function shareOf({ done, total }: Pick<Job, "done" | "total">): number {
  return total > 0 ? Math.min(1, done / total) : 0;
}

/** "From photos.zip", "Export as COCO with images". */
export function titleOfTransfer({ kind, payload, outcome }: Pick<Job, "kind" | "payload" | "outcome">): string {
  if (kind === "export") {
    const format = exportFormats[payload.format as DataFormat].name;
    return `Export as ${format}${payload.images === true ? " with images" : ""}`;
  }
  const source = String(payload.source);
  if (!source.startsWith("upload:")) return `Import from ${source}`;
  return `Import from ${outcome?.filename ?? "an uploaded file"}`;
}

/** "1,200 of 5,000 files · 85 a second · about 45 seconds left". */
export function advance({ done, total, rate, seconds_left: left, message }: Job): string {
  if (total === 0) return message || "Getting ready…";
  const parts = [
    `${done.toLocaleString("en")} of ${plural(total, "file")}`,
    rate != null && rate > 0 && `${rate < 10 ? rate.toFixed(1) : Math.round(rate).toLocaleString("en")} a second`,
    left != null && timeLeft(left),
  ];
  return parts.filter(Boolean).join(" · ");
}

const outcomes: readonly (readonly ["added" | "known" | "labelled" | "near_duplicates" | "failed", string])[] = [
  ["added", "new"],
  ["known", "already there"],
  ["labelled", "labelled"],
  ["near_duplicates", "nearly the same as another"],
  ["failed", "not taken"],
];

/** "1,150 new · 50 already there · 3 not taken"; empty before anything is known. */
export function outcomeWords({ outcome }: Pick<Job, "outcome">): string {
  if (!outcome) return "";
  const found = outcomes.flatMap(([name, word]) => (outcome[name] ? [`${outcome[name].toLocaleString("en")} ${word}`] : []));
  const images = outcome.images != null && plural(outcome.images, "image");
  const size = outcome.bytes != null && memory(outcome.bytes / 1e6);
  return [images, size, ...found].filter(Boolean).join(" · ");
}

export interface Sent {
  readonly sent: number;
  readonly total: number;
  readonly seconds: number;
}

/** "120 MB of 2.1 GB · 18 MB a second · about 2 minutes left". */
export function sentWords({ sent, total, seconds }: Sent): string {
  const words = `${memory(sent / 1e6)} of ${memory(total / 1e6)}`;
  const rate = seconds > 0 ? sent / seconds : 0;
  if (rate === 0 || sent >= total) return words;
  return `${words} · ${memory(rate / 1e6)} a second · ${timeLeft((total - sent) / rate)}`;
}
