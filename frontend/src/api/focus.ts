import { focusManager } from "@tanstack/react-query";

const events = ["visibilitychange", "focus"];

/** Of two windows beside each other none is ever hidden: what changed by the other is asked for when this one is turned to. */
export function askWhenTurnedTo(): void {
  focusManager.setEventListener((tell) => {
    const turnedTo = () => tell();
    for (const event of events) addEventListener(event, turnedTo);
    return () => {
      for (const event of events) removeEventListener(event, turnedTo);
    };
  });
}
