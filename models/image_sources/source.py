"""What a source of images is."""

import hashlib
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class SourceError(ValueError):
    """There are no images to be had here; the message says why, or what was expected."""


class UnreadableFile(Exception):
    """One file of a source cannot be read, though others may; the message says why."""


@dataclass(frozen=True)
class ImageFile:
    """One file that may be an image.

    `name` says where it lies in its source, in printable characters. `label` is the class that
    the source knows for it, or None. `read(limit)` gives its first `limit` bytes, from any thread
    while its source is open, or raises UnreadableFile. `path` is the file itself, free of symbolic
    links, where it lies on this machine and stays when the source is closed. `reference_label` is
    a true label to measure with, not to learn. `warning` says what of its labels was not taken.
    """

    name: str
    label: str | None
    read: Callable[[int], bytes]
    path: Path | None = None
    reference_label: str | None = None
    warning: str | None = None


class ImageSource(Protocol):
    """Images in one place, always in the same order."""

    def state(self) -> str:
        """What changes when the place or anything in it does. Raises SourceError."""

    def opened(self) -> AbstractContextManager[Iterable[ImageFile]]:
        """The files, one after the other, for one reading. Raises SourceError."""


def file_state(path: Path) -> str:
    """Place, size and time of writing of a file."""
    status = path.stat()
    return f"{path.resolve()} {status.st_size} {status.st_mtime_ns}"


def digest(parts: Iterable[str]) -> str:
    """One hash of many states."""
    total = hashlib.sha256()
    for part in parts:
        total.update(part.encode("utf-8", "surrogateescape") + b"\0")
    return total.hexdigest()


def held(data: bytes) -> Callable[[int], bytes]:
    """How to read what is in memory already."""
    return lambda limit: data[:limit]


def unreadable(why: object) -> Callable[[int], bytes]:
    """How to read what cannot be read."""

    def read(limit: int) -> bytes:  # noqa: ARG001
        raise UnreadableFile(str(why))

    return read
