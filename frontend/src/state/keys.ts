/** One key for each class: digits first, then letters. */
interface Named {
  readonly id: string;
  readonly name: string;
}

const pool = Array.from("123456789abcdefghijklmnopqrstuvwxyz");
const own = /^[0-9a-z]$/;

/** A class named by one character keeps that key ("3" is labelled by 3); the others take the free keys in order. */
export function assignKeys(classes: readonly Named[]): Map<string, string> {
  const keys = new Map<string, string>();
  const taken = new Set<string>();
  for (const { id, name } of classes) {
    const key = name.trim().toLowerCase();
    if (!own.test(key) || taken.has(key)) continue;
    keys.set(id, key);
    taken.add(key);
  }
  const free = pool.filter((key) => !taken.has(key));
  for (const { id } of classes) {
    if (keys.has(id)) continue;
    const key = free.shift();
    if (key === undefined) break;
    keys.set(id, key);
  }
  return keys;
}

export function classOfKey(keys: ReadonlyMap<string, string>, pressed: string): string | undefined {
  const key = pressed.toLowerCase();
  for (const [id, assigned] of keys) if (assigned === key) return id;
  return undefined;
}
