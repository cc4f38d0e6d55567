/** What files hold, as the service names contents: by their SHA-256. */

/** Null where the browser counts the page as insecure (plain http to another machine) and lends no cryptography. */
export async function sha256Of(file: Blob): Promise<string | null> {
  // The types promise what insecure pages do not have.
  const subtle = crypto.subtle as SubtleCrypto | undefined;
  if (!subtle) return null;
  const digest = new Uint8Array(await subtle.digest("SHA-256", await file.arrayBuffer()));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export type FindKnown = (sha256s: string[]) => Promise<readonly string[]>;

/** The files that the service does not have yet: asking costs less than sending. */
export async function missing(files: readonly File[], findKnown: FindKnown): Promise<File[]> {
  const contents = await Promise.all(files.map(sha256Of));
  const told = contents.filter((content) => content !== null);
  if (told.length < files.length) return [...files];
  const known = new Set(await findKnown([...new Set(told)]));
  return files.filter((_, index) => !known.has(contents[index] ?? ""));
}
