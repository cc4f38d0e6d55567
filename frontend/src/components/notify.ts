import { notifications } from "@mantine/notifications";

import { isSignedOut, ProblemError, ServiceAway } from "../api/problem";

/** Shows an error in the service's own words. Being away or signed out has its own place on the page. */
export function showError(error: unknown, what = "That did not work"): void {
  if (error instanceof ServiceAway || isSignedOut(error)) return;
  const title = error instanceof ProblemError ? error.title : what;
  const message = error instanceof Error ? error.message : String(error);
  notifications.show({ id: title + message, title, message, color: "red", autoClose: 9000, withBorder: true });
}

export function showNote(message: string): void {
  notifications.show({ id: message, message, autoClose: 3500, withBorder: true });
}
