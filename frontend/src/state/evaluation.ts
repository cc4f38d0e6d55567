/** How good the classifier is, read off its held-out answers. */
import { interval, percent, plural } from "./figures";

export interface Share {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

interface Judged {
  readonly examples: number;
  readonly precision: Share | null;
  readonly recall: Share | null;
}

const quality = ({ precision, recall }: Judged) => Math.min(recall?.value ?? 1, precision?.value ?? 1);
const unsure = ({ precision, recall }: Judged) => (recall === null ? 1 : 0) + (precision === null ? 1 : 0);

/** The classes that need work first: by the worse of both figures, those not measured at the end. */
export function weakestFirst<Kind extends Judged>(classes: readonly Kind[]): Kind[] {
  return [...classes].sort((a, b) => unsure(a) - unsure(b) || quality(a) - quality(b));
}

export interface CurvePoint {
  readonly labels: number;
  readonly accuracy: number;
  readonly low: number;
  readonly high: number;
}

/** "+3 points", "−1.5 points", "no change". */
export function points(difference: number): string {
  const rounded = Math.round(difference * 1000) / 10;
  if (rounded === 0) return "no change";
  return `${signed(rounded)} ${Math.abs(rounded) === 1 ? "point" : "points"}`;
}

/** "−2 to +9", in points. */
export function pointsBetween(low: number, high: number): string {
  return `${signed(Math.round(low * 100))} to ${signed(Math.round(high * 100))}`;
}

function signed(value: number): string {
  if (value === 0) return "0";
  return `${value > 0 ? "+" : "−"}${Math.abs(value).toLocaleString("en")}`;
}

/** "with 10 more labels 84 % (77–90)". `labels` are those that there are: the curve itself was measured with fewer. */
export function forecastInWords(forecast: CurvePoint, labels: number): string {
  return `with ${plural(forecast.labels - labels, "more label", "more labels")} ${percent(forecast.accuracy)} (${interval(forecast)})`;
}

/** A sentence of the service, which writes them to stand after others too. */
export function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
