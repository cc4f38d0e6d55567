/** What a key press means on the page, apart from any document. */
export type Command =
  | { readonly do: "label"; readonly key: string }
  | { readonly do: "move"; readonly by: "cell" | "row" | "page" | "end"; readonly sign: 1 | -1; readonly extend: boolean }
  | { readonly do: "accept" | "unlabel" | "toggle" | "all" | "clear" | "undo" | "redo" | "help" | "refresh" | "new-class" };

export interface Press {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

const moves: Record<string, ["cell" | "row" | "page" | "end", 1 | -1]> = {
  ArrowRight: ["cell", 1],
  ArrowLeft: ["cell", -1],
  ArrowDown: ["row", 1],
  ArrowUp: ["row", -1],
  PageDown: ["page", 1],
  PageUp: ["page", -1],
  End: ["end", 1],
  Home: ["end", -1],
};

const plain: Record<string, Exclude<Command["do"], "label" | "move">> = {
  Enter: "accept",
  Backspace: "unlabel",
  Delete: "unlabel",
  " ": "toggle",
  Escape: "clear",
  "?": "help",
  ".": "refresh",
  "+": "new-class",
};

function withControl(press: Press): Command | null {
  const key = press.key.toLowerCase();
  if (key === "a") return { do: "all" };
  if (key === "z") return { do: press.shiftKey ? "redo" : "undo" };
  return key === "y" ? { do: "redo" } : null;
}

export function commandOf(press: Press): Command | null {
  if (press.altKey) return null;
  const move = moves[press.key];
  if (move) return { do: "move", by: move[0], sign: move[1], extend: press.shiftKey };
  if (press.ctrlKey || press.metaKey) return withControl(press);
  const command = plain[press.key];
  if (command) return { do: command };
  return /^[0-9a-z]$/i.test(press.key) ? { do: "label", key: press.key.toLowerCase() } : null;
}
