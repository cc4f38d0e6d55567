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
