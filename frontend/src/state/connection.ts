/** Whether the service answered last time; the banner and the retries watch it. */
let reachable = true;
let returns = 0;
const listeners = new Set<() => void>();

export function isReachable(): boolean {
  return reachable;
}

/** How often the service came back: a picture that failed meanwhile is fetched anew. */
export function countReturns(): number {
  return returns;
}

export function reportReachable(now: boolean): void {
  if (now === reachable) return;
  reachable = now;
  if (now) returns += 1;
  for (const listener of listeners) listener();
}

export function watchConnection(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
