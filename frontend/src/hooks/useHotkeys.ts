import { useEffectEvent, useLayoutEffect } from "react";

import { commandOf, type Command } from "../state/hotkeys";

const typing = "input:not([type=range]):not([type=checkbox]), textarea, select, [contenteditable=true]";
const pressable = "button, a, input";
const steerable = "[role=slider], [role=radiogroup], [role=combobox], input";
const overlays = "[role=dialog], [role=menu], [role=listbox]";

/** A focused control keeps the keys that work it: Enter and Space on a button, arrows on a slider. */
function belongsToControl(target: Element, command: Command): boolean {
  if (target.matches(typing)) return true;
  if (command.do === "move") return target.closest(steerable) !== null;
  return (command.do === "accept" || command.do === "toggle") && target.closest(pressable) !== null;
}

/** Views that listen, in the order in which they came; what lies on top has the keys to itself. */
const layers: object[] = [];

/** Runs page commands from anywhere on the page, except while a text field or a dialogue has the keys. */
export function useHotkeys(run: (command: Command) => void): void {
  const obey = useEffectEvent(run);
  // Before the view is painted: a key answers what is seen, however busy the machine.
  useLayoutEffect(() => {
    const layer = {};
    layers.push(layer);
    const onKey = (event: KeyboardEvent) => {
      if (layers.at(-1) !== layer) return;
      const command = event.defaultPrevented ? null : commandOf(event);
      const target = event.target instanceof Element ? event.target : document.body;
      if (!command || belongsToControl(target, command) || target.closest(overlays)) return;
      if (event.repeat && command.do !== "move") return;
      event.preventDefault();
      obey(command);
    };
    addEventListener("keydown", onKey);
    return () => {
      removeEventListener("keydown", onKey);
      layers.splice(layers.indexOf(layer), 1);
    };
  }, []);
}
