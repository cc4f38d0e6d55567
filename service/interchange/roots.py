"""The folders of this machine that imports may read, and nothing beside them."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from models.image_sources import SourceError, UnreadableFile

OUTSIDE = "it is outside of the folders that imports may read, or a symbolic link that leads there"
# A pipe must not keep its opener waiting, nor may a link have come between check and opening.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)


def allowed_path(text: str, roots: Sequence[Path]) -> Path:
    """The place that `text` names, free of symbolic links. Raises SourceError.

    A place outside of `roots` is refused in the same words whether it exists or not.
    """
    if not roots:
        raise SourceError(
            f"{text} cannot be imported: this service reads no folders of its own machine. "
            "HANDFUL_IMPORT_ROOTS names those that it may read"
        )
    try:
        place = Path(text).expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise SourceError(f"{text!r} is no path: {error}") from error
    if not is_within(place, [root.resolve() for root in roots]):
        raise SourceError(
            f"{text} is outside of the folders that imports may read: "
            f"{', '.join(map(str, roots))}. HANDFUL_IMPORT_ROOTS names them"
        )
    if not place.exists():
        raise SourceError(f"{text} does not exist on the machine that the service runs on")
    if not place.is_dir() and not place.is_file():  # a pipe would keep its opener waiting
        raise SourceError(f"{text} is neither a folder nor a regular file")
    return place


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
