/** A pretraining's log folded into what the page draws: curves over steps, the newest figures, alarms. */

import type { RunRecord } from "../api/types";

export const curveNames = ["total", "cross_entropy", "me_max", "distinct_prototypes", "knn", "low_shot"] as const;
export type CurveName = (typeof curveNames)[number];

export interface Point {
  readonly step: number;
  readonly value: number;
}

export interface Alarm {
  readonly step: number;
  readonly advice: string;
}

const figureNames = ["step", "steps", "epoch", "seconds", "seconds_left", "images_per_second", "waiting", "memory_mb"] as const;
type Figures = Readonly<Partial<Record<(typeof figureNames)[number], number>>>;

export interface Run {
  /** Number of the last record folded in. */
  readonly last: number;
  readonly curves: Readonly<Record<CurveName, readonly Point[]>>;
  /** The newest value of each. */
  readonly figures: Figures;
  /** Each advice once, with the step of its last alarm. */
  readonly alarms: readonly Alarm[];
  /** What it said of troubles that it got over. */
  readonly notes: readonly string[];
}

const noCurves = Object.fromEntries(curveNames.map((name) => [name, []])) as unknown as Run["curves"];
export const emptyRun: Run = { last: 0, curves: noCurves, figures: {}, alarms: [], notes: [] };

/** Adds records in the order of their numbers; those already known are passed over. */
export function fold(run: Run, records: readonly RunRecord[]): Run {
  const fresh = records.filter((one) => one.number > run.last).sort((a, b) => a.number - b.number);
  if (fresh.length === 0) return run;
  const draft = { ...run, curves: mapCurves(run.curves, (points) => [...points]) };
  for (const record of fresh) take(draft, record);
  return draft;
}

/** The job's own state tells of these. */
const routine = new Set(["started", "resumed", "stopped", "failed", "finished"]);

type Mutable<Kind> = { -readonly [key in keyof Kind]: Kind[key] };
interface Draft extends Mutable<Omit<Run, "curves" | "figures">> {
  curves: Record<CurveName, Point[]>;
  figures: Mutable<Figures>;
}

function take(draft: Draft, record: RunRecord): void {
  if (rewinds(record)) rewind(draft, record.step ?? 0);
  draft.last = record.number;
  addPoints(draft.curves, record);
  draft.figures = withFigures(draft.figures, record);
  // Nothing counts down until the training goes on.
  if (ends(record)) delete draft.figures.seconds_left;
  draft.alarms = withAlarm(draft.alarms, record);
  if (record.message && !routine.has(record.event ?? "")) draft.notes = [...draft.notes, record.message];
}

/** A run goes on from its checkpoint: the steps after that are told a second time. */
function rewinds(record: RunRecord): boolean {
  return record.event === "resumed" || record.event === "started";
}

function ends(record: RunRecord): boolean {
  return record.event === "stopped" || record.event === "failed" || record.event === "interrupted";
}

function rewind(draft: Draft, step: number): void {
  draft.curves = mapCurves(draft.curves, (points) => points.filter((point) => point.step <= step));
  draft.alarms = draft.alarms.filter((alarm) => alarm.step <= step);
  // How fast it was and how long it would take belongs to the process that ended.
  draft.figures = {};
}

function mapCurves(curves: Run["curves"], change: (points: readonly Point[]) => Point[]): Record<CurveName, Point[]> {
  return Object.fromEntries(curveNames.map((name) => [name, change(curves[name])])) as Record<CurveName, Point[]>;
}

/** Of a step that is told twice the later telling holds. */
function addPoints(curves: Draft["curves"], record: RunRecord): void {
  const { step } = record;
  if (step == null) return;
  for (const name of curveNames) {
    const value = record[name];
    if (value == null) continue;
    const points = curves[name];
    while ((points.at(-1)?.step ?? -1) >= step) points.pop();
    points.push({ step, value });
  }
}

function withFigures(figures: Figures, record: RunRecord): Mutable<Figures> {
  const told = figureNames.filter((name) => record[name] != null);
  return { ...figures, ...Object.fromEntries(told.map((name) => [name, record[name]])) };
}

function withAlarm(alarms: readonly Alarm[], { alarm, step }: RunRecord): readonly Alarm[] {
  if (!alarm) return alarms;
  return [...alarms.filter((one) => one.advice !== alarm), { advice: alarm, step: step ?? 0 }];
}

/** Share of the run that is done, 0 to 1; null before its length is known. */
export function shareDone({ figures: { step, steps } }: Run): number | null {
  return steps ? Math.min(1, (step ?? 0) / steps) : null;
}
