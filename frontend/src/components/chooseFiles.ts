/** The browser's own dialogue for files, or for a whole folder. */
export function chooseFiles(onFiles: (files: File[]) => void, folder = false, accept = "image/*"): void {
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  input.className = "hidden-input";
  if (folder) input.webkitdirectory = true;
  else input.accept = accept;
  input.addEventListener("change", () => {
    onFiles([...(input.files ?? [])]);
    input.remove();
  });
  input.addEventListener("cancel", () => input.remove());
  // Some browsers forget an input that is in no document before its dialogue closes.
  document.body.append(input);
  input.click();
}
