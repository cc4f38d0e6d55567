export interface SplitName {
  /** With its slash; empty where the name has none. */
  readonly folder: string;
  readonly last: string;
}

/** The folders that an image came from, and its name in the last of them. */
export function splitName(name: string): SplitName {
  const start = name.lastIndexOf("/") + 1;
  return { folder: name.slice(0, start), last: name.slice(start) };
}
