/** Encoders beside each other: which answers, which is better, and what can be done with each. */
import type { Estimate } from "../api/types";
import { percent, plural } from "./figures";

export interface Measured {
  readonly id: string;
  readonly active: boolean;
  readonly accuracy: Estimate | null;
  /** Images of the project that it has looked at. */
  readonly embedded: number;
  readonly created_at: string;
}

/** Of two on the same labels, by how much one is ahead; in words that leave chance its part. */
export function comparison(one: Measured, active: Measured | undefined): string | null {
  if (!one.accuracy) return null;
  const labels = `on your ${plural(one.accuracy.count, "label")}`;
  if (!active?.accuracy || one.active) return `Measured ${labels}`;
  const said = `${percent(one.accuracy.accuracy)} against ${percent(active.accuracy.accuracy)} with the present one, ${labels}`;
  return isChance(one.accuracy, active.accuracy) ? `${said}; these labels cannot tell them apart` : said;
}

/** By more than chance explains. */
export function isBetter(one: Measured, active: Measured | undefined): boolean {
  if (!one.accuracy || !active?.accuracy || isChance(one.accuracy, active.accuracy)) return false;
  return one.accuracy.accuracy > active.accuracy.accuracy;
}

/** Each within the other's interval: more labels might turn it round. */
function isChance(one: Estimate, other: Estimate): boolean {
  const within = (value: number, { low, high }: Estimate) => low <= value && value <= high;
  return within(one.accuracy, other) && within(other.accuracy, one);
}

/** Why there is no accuracy yet, and what would give one. */
export function unmeasured(one: Measured, images: number, labels: number): string {
  if (images === 0) return "Not measured: add images first.";
  if (labels < 2) return "Not measured: label at least two images of a class.";
  if (one.embedded < images) return "Not measured: it has not looked at all labelled images yet.";
  return "Not measured yet.";
}

/** One that served before is gone back to; a newer one is taken up. */
export function switchVerb(one: Measured, active: Measured | undefined): "Use" | "Go back" {
  return active && one.embedded > 0 && one.created_at < active.created_at ? "Go back" : "Use";
}

/**
 * What the present one is set beside: of those that could be gone back to, the best where it is better by more than
 * chance, else the newest.
 */
export function predecessor<T extends Measured>(encoders: readonly T[]): T | undefined {
  const active = encoders.find((one) => one.active);
  if (!active?.accuracy) return undefined;
  const known = encoders.filter((one) => one.accuracy && switchVerb(one, active) === "Go back");
  const better = known.filter((one) => isBetter(one, active)).sort((a, b) => (b.accuracy?.accuracy ?? 0) - (a.accuracy?.accuracy ?? 0));
  return better[0] ?? known.sort((a, b) => b.created_at.localeCompare(a.created_at))[0];
}

/** What the labels say of two encoders, the second of which took over. */
export function change(before: Measured, after: Measured): string {
  if (!before.accuracy || !after.accuracy) return "";
  const points = Math.round(100 * (after.accuracy.accuracy - before.accuracy.accuracy));
  const words = points === 0 ? "did not change" : `${points > 0 ? "rose" : "fell"} by ${plural(Math.abs(points), "point")}`;
  const [was, is] = [percent(before.accuracy.accuracy), percent(after.accuracy.accuracy)];
  const said = `On the same ${plural(after.accuracy.count, "label")} the accuracy ${words}, from ${was} to ${is}`;
  return isChance(before.accuracy, after.accuracy) && points !== 0 ? `${said}, which may be chance.` : `${said}.`;
}

/** How much of the pool an encoder has looked at, 0 to 1. */
export function coverage(one: Measured, images: number): number {
  return images === 0 ? 0 : Math.min(1, one.embedded / images);
}

export interface Format {
  readonly spec: string;
  readonly what: string;
}

/** What an encoder can be registered from. */
export const formats: readonly Format[] = [
  { spec: "auto", what: "The published ViT-MSN small where the Hugging Face hub answers, else the bundled encoder." },
  { spec: "hf:facebook/vit-msn-small", what: "A ViTMSN model of the Hugging Face hub, or a folder in that layout." },
  { spec: "msn:vit_small_patch16_224=FILE.pth.tar", what: "An official MSN checkpoint." },
  { spec: "timm:vit_tiny_patch16_224", what: "A timm model by name, or timm:NAME=FILE.safetensors." },
  { spec: "/path/to/folder", what: "A folder with a manifest.json, as Handful writes it." },
];
