"""Folders and zip files: files in folders, where the folders may name classes."""

import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from models.image_sources.names import class_labels, printable, visible
from models.image_sources.source import (
    ImageFile,
    SourceError,
    UnreadableFile,
    digest,
    file_state,
)

# Damaged, encrypted, or compressed in a way that zipfile does not know.
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


@dataclass(frozen=True)
class FolderSource:
    """The files below a folder, at whatever depth."""

    folder: Path

    def state(self) -> str:
        """Changes with the name, size and time of any file."""
        return f"{self.folder.resolve()} {digest(map(file_state, sorted(self._files())))}"

    @contextmanager
    def opened(self) -> Iterator[Iterable[ImageFile]]:
        """Sorted by name."""
        yield tree_files(
            {
                PurePosixPath(path.relative_to(self.folder).as_posix()): partial(
                    _read, partial(_open, path)
                )
                for path in self._files()
            }
        )

    def _files(self) -> Iterator[Path]:
        return (path for path in self.folder.rglob("*") if path.is_file())


@dataclass(frozen=True)
class ZipSource:
    """The files of a zip. Names are never used as paths: it cannot reach outside itself."""

    archive: Path

    def state(self) -> str:
        """Changes with the archive."""
        return file_state(self.archive)

    @contextmanager
    def opened(self) -> Iterator[Iterable[ImageFile]]:
        """Sorted by name."""
        try:
            opened = zipfile.ZipFile(self.archive)
        except _DAMAGED as error:
            raise SourceError(f"{self.archive} cannot be read as a zip file: {error}") from error
        with opened:
            yield tree_files(
                {
                    PurePosixPath(info.filename.replace("\\", "/")): partial(
                        _read, partial(opened.open, info)
                    )
                    for info in opened.infolist()
                    if not info.is_dir()
                }
            )


def tree_files(tree: Mapping[PurePosixPath, Callable[[int], bytes]]) -> Iterator[ImageFile]:
    """What is not hidden of `tree` (how to read each file, by its path), sorted and labelled."""
    names = visible(tree)
    labels = class_labels(names)
    for name in names:
        yield ImageFile(printable(name), labels.get(name), tree[name])


def _open(path: Path) -> IO[bytes]:
    return path.open("rb")


def _read(open_file: Callable[[], IO[bytes]], limit: int) -> bytes:
    try:
        with open_file() as file:
            return file.read(limit)
    except (OSError, *_DAMAGED) as error:
        raise UnreadableFile(f"it cannot be read: {error}") from error
