/** What this browser remembers; private windows may refuse, and then nothing is remembered. */
const prefix = "handful.";

/** Between visits, or while the page's tab is open. */
export type Memory = "localStorage" | "sessionStorage";

export function recall(name: string, memory: Memory = "localStorage"): string | null {
  try {
    return globalThis[memory].getItem(prefix + name);
  } catch {
    return null;
  }
}

export function remember(name: string, value: string, memory: Memory = "localStorage"): void {
  try {
    globalThis[memory].setItem(prefix + name, value);
  } catch {
    // Remembering is a convenience; the page works without it.
  }
}
