/** Spans of time and of memory, as rough as they are known. */
import { plural } from "./figures";

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** "40 seconds", "12 minutes", "2 h 10 min", "3 days": no finer than a forecast can be. */
export function duration(seconds: number): string {
  if (seconds < 7.5) return "a few seconds";
  if (seconds < 57.5) return `${Math.round(seconds / 5) * 5} seconds`;
  if (seconds < 59.5 * minute) return plural(Math.max(1, Math.round(seconds / minute)), "minute");
  if (seconds < 23.9 * hour) return hoursAndMinutes(Math.round(seconds / (10 * minute)));
  return plural(Math.max(1, Math.round(seconds / day)), "day");
}

function hoursAndMinutes(tens: number): string {
  const [hours, rest] = [Math.floor(tens / 6), (tens % 6) * 10];
  return rest === 0 ? plural(hours, "hour") : `${hours} h ${rest} min`;
}

/** "a few seconds left", "about 12 minutes left". */
export function timeLeft(seconds: number): string {
  return seconds < 7.5 ? "a few seconds left" : `about ${duration(seconds)} left`;
}

/** How long from one moment to another, both as the service writes them. */
export function secondsBetween(start: string, end: string): number {
  return (Date.parse(end) - Date.parse(start)) / 1000;
}

/** "620 MB", "3.1 GB". */
export function memory(megabytes: number): string {
  return megabytes < 1000 ? `${Math.round(megabytes)} MB` : `${(megabytes / 1024).toFixed(1)} GB`;
}
