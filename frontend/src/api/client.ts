/** The typed client: the service is the page's own origin. */
import createClient from "openapi-fetch";

import { problemOf, ServiceAway } from "./problem";
import type { paths } from "./schema";
import { reportReachable } from "../state/connection";

const gatewayStatuses = new Set([502, 504]);

async function reach(request: Request): Promise<Response> {
  try {
    const response = await fetch(request);
    if (gatewayStatuses.has(response.status)) throw new ServiceAway();
    reportReachable(true);
    return response;
  } catch (error) {
    if (request.signal.aborted) throw error;
    reportReachable(false);
    throw new ServiceAway();
  }
}

export const client = createClient<paths>({ baseUrl: globalThis.location.origin, fetch: reach });

interface Answer<Body> {
  data?: Body;
  error?: unknown;
  response: Response;
}

/** The body of a good answer; anything else becomes an error that can be shown. */
export async function body<Body>(answer: Promise<Answer<Body>>): Promise<Body> {
  const { data, error, response } = await answer;
  if (!response.ok) throw problemOf(response, error);
  return data as Body;
}

/** Multipart, which the schema can only describe as text: files travel under their bare names. */
export function formOf(files: readonly File[]): FormData {
  const form = new FormData();
  for (const file of files) form.append("files", file, file.name);
  return form;
}
