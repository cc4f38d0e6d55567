"""A folder with one subfolder a class, or a zip of one, as labelled image bytes."""

import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from models.images import MAX_BYTES

# Damaged, encrypted, or compressed in a way that zipfile does not know.
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


class LabelledFolderError(ValueError):
    """There is nothing labelled to read here; the message says what was expected."""


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
    if source.is_dir():
        yield from _read_folder(source, max_bytes)
    elif zipfile.is_zipfile(source):
        yield from _read_zip(source, max_bytes)
    else:
        raise LabelledFolderError(f"{source} is neither a folder nor a zip file")


def _read_folder(folder: Path, max_bytes: int) -> Iterator[LabelledFile]:
    files = {
        PurePosixPath(path.relative_to(folder).as_posix()): path
        for path in folder.rglob("*")
        if path.is_file()
    }
    for name, label in _labels(list(files), folder).items():
        with files[name].open("rb") as stream:
            yield LabelledFile(_printable(str(name)), label, stream.read(max_bytes + 1))


def _read_zip(archive: Path, max_bytes: int) -> Iterator[LabelledFile]:
    try:
        with zipfile.ZipFile(archive) as opened:
            members = {
                PurePosixPath(info.filename.replace("\\", "/")): info
                for info in opened.infolist()
                if not info.is_dir()
            }
            for name, label in _labels(list(members), archive).items():
                with opened.open(members[name]) as stream:
                    data = stream.read(max_bytes + 1)
                yield LabelledFile(_printable(str(name)), label, data)
    except _UNREADABLE as error:
        raise LabelledFolderError(f"{archive} cannot be read as a zip file: {error}") from error


def _labels(names: list[PurePosixPath], source: Path) -> dict[PurePosixPath, str]:
    kept = sorted(name for name in names if not _is_hidden(name))
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


def _is_hidden(name: PurePosixPath) -> bool:
    # ".." is hidden as well, and an absolute name's "/" is no class.
    return name.is_absolute() or any(
        part.startswith(".") or part == "__MACOSX" for part in name.parts
    )


def _printable(name: str) -> str:
    """Unicode in its composed form; what cannot be printed or encoded becomes a question mark."""
    composed = unicodedata.normalize("NFC", name)
    return "".join(character if character.isprintable() else "?" for character in composed)
