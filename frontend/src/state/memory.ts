/** What this browser remembers between visits; private windows may refuse, and then nothing is remembered. */
const prefix = "handful.";

export function recall(name: string): string | null {
  try {
    return localStorage.getItem(prefix + name);
  } catch {
    return null;
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(prefix + name, value);
  } catch {
    // Remembering is a convenience; the page works without it.
  }
}
