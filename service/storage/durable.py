"""Files that a power cut does not take: the disk has said that it holds them."""

import ctypes
import errno
import os
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

# From so many on the whole file system is synced at once: each file by itself takes a turn of the
# journal, which halved the speed of imports, where this costs nothing that could be measured.
MANY = 32
THREADS = 16


def sync_files(files: Collection[Path], root: Path) -> None:
    """Wait until the disk holds these files and their names in the folders up to `root`.

    Files that are missing are passed over. Raises OSError where the disk fails.
    """
    if len(files) >= MANY and _sync_file_system(root):
        return
    folders = {folder for file in files for folder in file.parents if folder.is_relative_to(root)}
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(_sync, files))
        list(pool.map(_sync_folder, folders))


def _sync_file_system(folder: Path) -> bool:
    """Sync all that the folder's file system holds; False where this system has no such call."""
    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if syncfs is None:
        return False
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if syncfs(descriptor):
            raise OSError(ctypes.get_errno(), "The disk could not be synced", str(folder))
    finally:
        os.close(descriptor)
    return True


def _sync(path: Path) -> None:
    with suppress(FileNotFoundError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    try:
        _sync(folder)
    except OSError as error:
        if error.errno != errno.EINVAL:  # network file systems keep names without being asked
            raise
