/** What goes wrong between the page and the service, as errors with a message fit for reading. */
import type { Problem, Rejected } from "./types";

/** The service answered, and said no. */
export class ProblemError extends Error {
  override readonly name = "ProblemError";

  constructor(
    readonly status: number,
    readonly title: string,
    detail: string,
    readonly type = "about:blank",
    /** Why each file was refused, when none of a request could be used. */
    readonly rejected: readonly Rejected[] = [],
  ) {
    super(detail);
  }

  /** The stable last part of the problem's type: `class-has-examples`. */
  get kind(): string {
    return this.type.split("/").at(-1) ?? this.type;
  }
}

/** Nothing, or only a gateway, answered. */
export class ServiceAway extends Error {
  override readonly name = "ServiceAway";

  constructor() {
    super("The service is not answering.");
  }
}

function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null && "title" in body && "detail" in body;
}

export function problemOf(response: Response, body: unknown): ProblemError {
  if (isProblem(body)) {
    const { title, detail, type, rejected } = body;
    return new ProblemError(response.status, title, detail, type, rejected ?? []);
  }
  const title = response.statusText || `Error ${response.status}`;
  return new ProblemError(response.status, title, "The service gave no further reason.");
}

/** The service answered, but cannot do anything at present: the same request will work later. */
export function isBusy(error: unknown): boolean {
  return error instanceof ProblemError && error.status === 503;
}

export function isSignedOut(error: unknown): boolean {
  return error instanceof ProblemError && error.status === 401;
}

/** A service that is away comes back, and one that others wait for too; one that said no will say it again. */
export function isWorthRetrying(failures: number, error: Error): boolean {
  if (error instanceof ServiceAway) return true;
  if (!(error instanceof ProblemError)) return false;
  return error.kind === "busy" || (error.status >= 500 && failures < 2);
}

/** Whether a failed query is told of where its answer would stand: always, or as `where` says of what else it has to show. */
export function isShownInPlace(where: unknown, data: unknown): boolean {
  return typeof where === "function" ? (where as (data: unknown) => boolean)(data) : where === true;
}
