/** Which of the dropped files are worth sending. */
import type { Rejected } from "../api/types";

const clutter = /^(\..*|thumbs\.db|desktop\.ini)$/i;

/** Files that a system leaves in folders are skipped silently; files that say they are no image are reported unsent. */
export function sortFiles(files: readonly File[]): { wanted: File[]; rejected: Rejected[] } {
  const wanted: File[] = [];
  const rejected: Rejected[] = [];
  for (const file of files) {
    if (clutter.test(file.name)) continue;
    if (file.type === "" || file.type.startsWith("image/")) wanted.push(file);
    else rejected.push({ filename: file.name, code: "not_an_image", reason: `A ${file.type} file is not an image.` });
  }
  return { wanted, rejected };
}

/** Groups files so that a request holds at most `count` of them and, one giant aside, at most `bytes`. */
export function inBatches<Sized extends { readonly size: number }>(
  files: readonly Sized[],
  count: number,
  bytes: number,
): Sized[][] {
  const batches: Sized[][] = [];
  let current: Sized[] = [];
  let weight = 0;
  for (const file of files) {
    if (current.length > 0 && (current.length >= count || weight + file.size > bytes)) {
      batches.push(current);
      current = [];
      weight = 0;
    }
    current.push(file);
    weight += file.size;
  }
  if (current.length > 0) batches.push(current);
  return batches;
}
