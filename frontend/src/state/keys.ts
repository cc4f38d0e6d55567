/** One key for each class: digits first, then letters. */
interface Named {
  readonly id: string;
  readonly name: string;
}

const pool = Array.from("123456789abcdefghijklmnopqrstuvwxyz");
const own = /^[0-9a-z]$/;
const numerals = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

/** The key that a name asks for: "B" asks for b, "3" and "Three" for 3. */
function ownKey(name: string): string | null {
  const text = name.trim().toLowerCase();
  if (own.test(text)) return text;
  const value = numerals.indexOf(text);
  return value < 0 ? null : String(value);
}

/** A class whose name is a key keeps it; the others take the free keys in order. */
export function assignKeys(classes: readonly Named[]): Map<string, string> {
  const keys = new Map<string, string>();
  const taken = new Set<string>();
  for (const { id, name } of classes) {
    const key = ownKey(name);
    if (key === null || taken.has(key)) continue;
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
