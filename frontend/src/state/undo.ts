/** A history of label changes; each step knows how to go back and how to come again. */
import type { LabelChange } from "../api/types";

export interface Step {
  readonly description: string;
  readonly before: readonly LabelChange[];
  readonly after: readonly LabelChange[];
}

export interface History {
  readonly past: readonly Step[];
  readonly future: readonly Step[];
}

export const emptyHistory: History = { past: [], future: [] };
const longest = 100;

export function record(history: History, step: Step): History {
  return { past: [...history.past, step].slice(-longest), future: [] };
}

export function undone(history: History): History {
  const step = history.past.at(-1);
  if (!step) return history;
  return { past: history.past.slice(0, -1), future: [step, ...history.future] };
}

export function redone(history: History): History {
  const [step, ...future] = history.future;
  if (!step) return history;
  return { past: [...history.past, step], future };
}
