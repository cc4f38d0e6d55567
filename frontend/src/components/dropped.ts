/** Files out of a drop, folders opened to the bottom. */
function readFile(entry: FileSystemFileEntry): Promise<File[]> {
  return new Promise((resolve) => entry.file((file) => resolve([file]), () => resolve([])));
}

function readSome(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  return new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
}

async function readFolder(entry: FileSystemDirectoryEntry): Promise<File[]> {
  const reader = entry.createReader();
  const files: File[] = [];
  // A browser hands out about a hundred entries a call; an empty answer is the end.
  for (let some = await readSome(reader); some.length > 0; some = await readSome(reader))
    files.push(...(await Promise.all(some.map(readEntry))).flat());
  return files;
}

function readEntry(entry: FileSystemEntry): Promise<File[]> {
  return entry.isDirectory ? readFolder(entry as FileSystemDirectoryEntry) : readFile(entry as FileSystemFileEntry);
}

export async function filesOf(transfer: DataTransfer): Promise<File[]> {
  // The entries must be taken before the first await: the transfer is emptied when the event ends.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (entries.length === 0) return [...transfer.files];
  return (await Promise.all(entries.map(readEntry))).flat();
}

export function carriesFiles(transfer: DataTransfer | null): boolean {
  return transfer?.types.includes("Files") ?? false;
}
