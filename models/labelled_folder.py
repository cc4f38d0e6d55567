"""The files of a folder or zip; where it has one subfolder a class, with their labels."""

import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from models.images import MAX_BYTES

# How to open each file, by its path below the data.
_Openers = dict[PurePosixPath, Callable[[], IO[bytes]]]
# Damaged, encrypted, or compressed in a way that zipfile does not know.
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


class LabelledFolderError(ValueError):
    """There is nothing of the kind to read here; the message says what was expected."""


@dataclass(frozen=True)
class LabelledFile:
    """One file of a class. `name` is its path below the data, with forward slashes."""

    name: str
    label: str
    data: bytes


def read_labelled(source: Path, max_bytes: int = MAX_BYTES) -> Iterator[LabelledFile]:
    """The files of `source` (folder or zip), sorted by name; each is read when its turn comes.

    The first folder names the class, at whatever depth the file lies below it; folders that
    only wrap all classes are skipped. Hidden files, what macOS adds to zips and files outside
    every class folder are left out. Nothing is written, and names are never used as paths, so
    a zip cannot reach outside itself. Of a longer file one byte more than `max_bytes` is read:
    `images.decode` then says that it is too large.
    Raises LabelledFolderError.
    """
    with _opened(source) as files:
        for name, label in _labels(list(files), source).items():
            with files[name]() as stream:
                yield LabelledFile(_printable(str(name)), label, stream.read(max_bytes + 1))


def read_files(source: Path, max_bytes: int = MAX_BYTES) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every file of `source`, at whatever depth, read as `read_labelled` does.

    Raises LabelledFolderError.
    """
    with _opened(source) as files:
        kept = _visible(list(files))
        if not kept:
            raise LabelledFolderError(f"{source} holds no files: expected images")
        for name in kept:
            with files[name]() as stream:
                yield _printable(str(name)), stream.read(max_bytes + 1)


def _reading(path: Path) -> IO[bytes]:
    return path.open("rb")


@contextmanager
def _opened(source: Path) -> Iterator[_Openers]:
    if source.is_dir():
        yield {
            PurePosixPath(path.relative_to(source).as_posix()): partial(_reading, path)
            for path in source.rglob("*")
            if path.is_file()
        }
    elif zipfile.is_zipfile(source):
        with _opened_zip(source) as files:
            yield files
    else:
        raise LabelledFolderError(f"{source} is neither a folder nor a zip file")


@contextmanager
def _opened_zip(archive: Path) -> Iterator[_Openers]:
    try:
        with zipfile.ZipFile(archive) as opened:
            yield {
                PurePosixPath(info.filename.replace("\\", "/")): partial(opened.open, info)
                for info in opened.infolist()
                if not info.is_dir()
            }
    except _UNREADABLE as error:
        raise LabelledFolderError(f"{archive} cannot be read as a zip file: {error}") from error


def _labels(names: list[PurePosixPath], source: Path) -> dict[PurePosixPath, str]:
    kept = _visible(names)
    wrapped = _wrapper_depth(kept)
    labels = {
        name: _printable(name.parts[wrapped]) for name in kept if len(name.parts) > wrapped + 1
    }
    if not labels:
        raise LabelledFolderError(
            f"{source} holds no class folders: expected one folder a class with its images inside"
        )
    return labels


def _wrapper_depth(names: list[PurePosixPath]) -> int:
    """How many leading folders all files share, the class folder itself not counted."""
    depth = 0
    while names and all(len(name.parts) > depth + 2 for name in names):
        if len({name.parts[depth] for name in names}) > 1:
            break
        depth += 1
    return depth


def _visible(names: list[PurePosixPath]) -> list[PurePosixPath]:
    return sorted(name for name in names if not _is_hidden(name))


def _is_hidden(name: PurePosixPath) -> bool:
    # ".." is hidden as well, and an absolute name's "/" is no class.
    return name.is_absolute() or any(
        part.startswith(".") or part == "__MACOSX" for part in name.parts
    )


def _printable(name: str) -> str:
    """Unicode in its composed form; what cannot be printed or encoded becomes a question mark."""
    composed = unicodedata.normalize("NFC", name)
    return "".join(character if character.isprintable() else "?" for character in composed)
