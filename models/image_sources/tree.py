"""What folders, archives and buckets have in common: named files that can be opened."""

import lzma
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO, Protocol

from models.image_sources.source import UnreadableFile

# What opening or reading a damaged, encrypted or strangely packed file raises.
DAMAGED = (
    OSError,
    EOFError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    ValueError,
    tarfile.TarError,
    zipfile.BadZipFile,
    lzma.LZMAError,
    zlib.error,
)


class Tree(Protocol):
    """Files by their paths below one place, with forward slashes, in any encoding.

    `where` is the place, for messages. All may be called from any thread while the tree is open.
    """

    where: str

    def names(self) -> list[str]:
        """All files that are not hidden, always in the same order."""

    def empty_folders(self) -> list[str]:
        """Folders that are not hidden, and nothing in them that is not, where there are such."""

    def has(self, name: str) -> bool:
        """Whether there is such a file. Raises UnreadableFile for a place it may not look at."""

    def open(self, name: str) -> BinaryIO:
        """One of the files. Raises UnreadableFile, or one of DAMAGED later, on reading."""

    def path(self, name: str) -> Path | None:
        """Where a file lies on this machine for good, free of links; None inside of archives."""


def read_file(tree: Tree, name: str, limit: int) -> bytes:
    """The first `limit` bytes of a file. Raises UnreadableFile."""
    try:
        with tree.open(name) as file:
            return file.read(limit)
    except DAMAGED as error:
        raise UnreadableFile(f"it cannot be read: {reason(error)}") from error


def reason(error: Exception) -> str:
    """An error in words, without the paths of the server that OSError adds."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
