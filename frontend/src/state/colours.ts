/** A colour for each class that stays with it when other classes come and go. White text is readable on all of them. */
const distinct = [
  "#3566c9", "#c2530a", "#2c8040", "#c63535", "#7747bd", "#75492f", "#c03a80", "#2b3a7a", "#0b7f86", "#9a7000",
];
const further = ["#6f7a2c", "#8c2f4f", "#4d7f5f", "#5a7486", "#a0522d", "#5b4a9e"];

function hash(text: string): number {
  let value = 2166136261;
  for (const character of text) value = Math.imul(value ^ (character.codePointAt(0) ?? 0), 16777619) >>> 0;
  return value;
}

/** Each id asks for the colour it hashes to and takes the next free one; past sixteen classes colours repeat. */
export function assignColours(ids: readonly string[]): Map<string, string> {
  const colours = new Map<string, string>();
  for (const id of ids) {
    const taken = new Set(colours.values());
    const start = hash(id) % distinct.length;
    const wished = [...distinct.slice(start), ...distinct.slice(0, start), ...further];
    colours.set(id, wished.find((colour) => !taken.has(colour)) ?? distinct[start] ?? "");
  }
  return colours;
}

/** The colour with a share of white, for dark grounds. */
export function lifted(colour: string, share: number): string {
  const channels = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return `#${channels.map((value) => Math.round(value + (255 - value) * share).toString(16).padStart(2, "0")).join("")}`;
}
