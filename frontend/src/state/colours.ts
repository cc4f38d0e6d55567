/** A colour for each class that stays with it when other classes come and go. */
const palette = [
  "#0f8f7e", "#d9480f", "#5f3dc4", "#1971c2", "#c2255c", "#5c940d", "#b7791f", "#0b7285",
  "#862e9c", "#2b8a3e", "#a61e4d", "#364fc7", "#e8590c", "#087f5b", "#9c6644", "#4c6ef5",
];

function hash(text: string): number {
  let value = 2166136261;
  for (const character of text) value = Math.imul(value ^ (character.codePointAt(0) ?? 0), 16777619) >>> 0;
  return value;
}

/** Each id asks for the slot it hashes to and takes the next free one; past sixteen classes colours repeat. */
export function assignColours(ids: readonly string[]): Map<string, string> {
  const colours = new Map<string, string>();
  const taken = new Set<number>();
  for (const id of ids) {
    let slot = hash(id) % palette.length;
    while (taken.has(slot) && taken.size < palette.length) slot = (slot + 1) % palette.length;
    taken.add(slot);
    colours.set(id, palette[slot] ?? "#868e96");
  }
  return colours;
}
