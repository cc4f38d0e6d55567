/** Hands a file to the browser to be saved. */
export function saveFile(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has read nothing yet when the click returns.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
