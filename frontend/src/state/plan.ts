/** What a pretraining will take, told before it is started. */
import type { Job } from "../api/types";
import { duration } from "./durations";
import { plural } from "./figures";

export interface Planned {
  readonly name: string;
  readonly batch: number;
  readonly device: "cpu" | "gpu";
}

/** Settings that a recipe is varied by, as text. */
export type Settings = Readonly<Record<string, string>>;

/** Images a second of one CPU core; `cpu-64` as it made the bundled encoder, `cpu-32` by processor time. */
const measured: Readonly<Record<string, number>> = { "cpu-32": 900, "cpu-64": 320 };

/** Fewer steps than this change an encoder little. */
const enoughSteps = 500;

export interface Plan {
  readonly steps: number;
  readonly seconds: number | null;
  /** What the time is taken from; null without one. */
  readonly from: "this machine" | "one CPU core" | null;
}

/** `speed` is what a run of the preset did here, in images a second, if there was one. */
export function makePlan(preset: Planned, images: number, epochs: number, speed: number | null): Plan {
  const steps = Math.max(1, Math.round(Math.floor(images / preset.batch) * epochs));
  const rate = speed ?? measured[preset.name] ?? null;
  const seconds = rate === null ? null : (steps * preset.batch) / rate;
  return { steps, seconds, from: seconds === null ? null : speed === null ? "one CPU core" : "this machine" };
}

interface Preset extends Planned {
  readonly epochs: number;
}

/** The preset to offer first: one for CPUs that makes enough of this pool, else the one that makes most of it. */
export function suggestPreset<Kind extends Preset>(presets: readonly Kind[], images: number): Kind | undefined {
  const steps = (one: Kind) => (images < one.batch ? 0 : makePlan(one, images, one.epochs, null).steps);
  const light = presets.filter((one) => one.device === "cpu");
  const [most] = [...light].sort((a, b) => steps(b) - steps(a) || a.batch - b.batch);
  return light.find((one) => steps(one) >= enoughSteps) ?? most ?? presets[0];
}

export function batchOf(preset: Planned, settings: Settings): number {
  const batch = Number(settings.batch ?? preset.batch);
  return Number.isInteger(batch) && batch > 0 ? batch : preset.batch;
}

/** The time it takes, with what that forecast is worth. */
export function timeHint(plan: Plan, device: Planned["device"]): string {
  if (plan.seconds === null || plan.from === null)
    return device === "gpu"
      ? "Nobody has measured this on your GPU yet: the time left shows within a minute of the start, and cancelling costs nothing."
      : "Not measured here yet: the time left shows within a minute of the start, and cancelling costs nothing.";
  const time = plan.seconds < 7.5 ? "A few seconds" : `About ${duration(plan.seconds)}`;
  return plan.from === "this machine"
    ? `${time}, going by the last run of this preset here.`
    : `${time} on one CPU core; yours may be slower or faster, and several are faster. The time left shows once it runs.`;
}

export interface Warning {
  readonly text: string;
  /** Epochs that would do. */
  readonly epochs?: number;
}

/** What stands against this plan; null where nothing does. */
export function warning(plan: Plan, preset: Planned, images: number): Warning | null {
  if (images < preset.batch)
    return {
      text: `The pool has ${plural(images, "image")}, and one step takes ${preset.batch}. Add images, or set a smaller batch in the advanced settings.`,
    };
  if (plan.steps >= enoughSteps) return null;
  const epochs = Math.ceil(enoughSteps / Math.floor(images / preset.batch) / 10) * 10;
  return { text: `${plural(plan.steps, "step")} teach an encoder little; ${enoughSteps} are a start, and more images help more.`, epochs };
}

/** The newest run of a preset as it is: its log tells how fast this machine is. */
export function runToGoBy(preset: Planned, jobs: readonly Job[]): Job | undefined {
  return jobs.find(
    ({ payload, state }) =>
      payload.preset === preset.name && state !== "queued" && Object.keys(payload.settings ?? {}).length === 0,
  );
}

/** `name = value`, one a line. Errors name the line. */
export function parseSettings(text: string): { settings: Settings; error: string | null } {
  const settings: Record<string, string> = {};
  for (const line of text.split("\n").map((one) => one.trim())) {
    if (line === "") continue;
    const [, name, value] = /^([a-z0-9_.]+)\s*=\s*(\S.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) return { settings: {}, error: `“${line}” is no setting: write name = value.` };
    if (name in settings) return { settings: {}, error: `${name} is set twice.` };
    settings[name] = value;
  }
  return { settings, error: null };
}
