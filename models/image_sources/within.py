"""Files inside of some folders, wherever links lead: for places that others may name."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from models.image_sources.source import UnreadableFile

# For places that are named by who runs the machine: links may lead wherever they do.
ANYWHERE = (Path("/"),)
OUTSIDE = "it is outside of the folders that imports may read, or a symbolic link that leads there"
# A pipe must not keep its opener waiting, nor may a link have come between check and opening.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)


def is_within(place: Path, roots: Sequence[Path]) -> bool:
    """Whether a place is one of `roots` or below one; all of them free of links."""
    return any(place.is_relative_to(root) for root in roots)


def place_within(path: Path, roots: Sequence[Path]) -> Path:
    """What `path` is, free of links; it need not exist. Raises UnreadableFile where outside."""
    try:
        place = path.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise UnreadableFile(f"its path cannot be followed: {error}") from error
    if not is_within(place, roots):
        raise UnreadableFile(OUTSIDE)
    return place


def open_within(path: Path, roots: Sequence[Path]) -> BinaryIO:
    """A regular file inside of `roots`; links are followed inside alone. Raises UnreadableFile."""
    place = place_within(path, roots)
    try:
        file = os.fdopen(os.open(place, _FLAGS), "rb")
    except OSError as error:
        raise UnreadableFile(f"it cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise UnreadableFile("it is no regular file")
    return file
