"""A zip archive. Names are never used as paths, so that none can reach outside."""

import io
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from posixpath import dirname
from typing import BinaryIO, cast

from models.image_sources.limits import MAX_ENTRIES, check_ratio
from models.image_sources.names import (
    climbs,
    decode_name,
    empty_among,
    free_name,
    in_order,
    inner_path,
)
from models.image_sources.source import SourceError, UnreadableFile
from models.image_sources.tree import DAMAGED, reason

# Two million entries have a directory of this size, and take about a gigabyte of memory.
MAX_DIRECTORY_BYTES = 2**28
_UTF_8 = 0x800
# Of others zipfile unpacks all that it has read, whatever size the directory says: a thousand bytes
# may become gigabytes.
_BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_UNBOUNDED = "it is compressed by another method than Deflate, which is not read: pack it anew"
_LINK = "it is a link; links inside of archives are not followed"


class ZipTree:
    """The files of an open zip."""

    def __init__(self, archive: Path, opened: zipfile.ZipFile) -> None:
        self.where = str(archive)
        self._opened = opened
        self._entries: dict[str, zipfile.ZipInfo] = {}
        self._folders: set[str] = set()
        numbers: dict[str, int] = {}
        for info in opened.infolist():
            name = inner_path(entry_name(info))
            if info.filename.endswith("/"):
                self._folders.add(name)
            else:
                self._entries[free_name(name, self._entries, numbers)] = info

    def names(self) -> list[str]:
        """Folder by folder, sorted."""
        return in_order(self._entries)

    def empty_folders(self) -> list[str]:
        """Those that have an entry of their own, or one of a hidden file."""
        return empty_among(self._folders | set(map(dirname, self._entries)), self.names())

    def has(self, name: str) -> bool:
        """Whether there is an entry of this name."""
        return name in self._entries

    def open(self, name: str) -> BinaryIO:
        """An entry, which gives no more bytes than the archive's directory says."""
        info = self._entries[name]
        if climbs(name):
            raise UnreadableFile("its name leads out of the archive")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise UnreadableFile(_LINK)
        if info.compress_type not in _BOUNDED:
            raise UnreadableFile(_UNBOUNDED)
        return cast("BinaryIO", self._opened.open(info))

    def path(self, name: str) -> Path | None:  # noqa: ARG002
        """Nowhere but in the archive."""
        return None


@contextmanager
def open_zip(archive: Path) -> Iterator[ZipTree]:
    """Raises SourceError for what is no zip, or a bomb."""
    with _Bounded(io.FileIO(archive)) as file, _open(archive, file) as opened:
        _check(archive, opened)
        yield ZipTree(archive, opened)


class _Bounded(io.BufferedReader):
    """A zip as zipfile opens it: its directory is read in one go, and must not fill the memory."""

    def read(self, size: int | None = -1) -> bytes:
        if size is not None and size > MAX_DIRECTORY_BYTES:
            raise zipfile.BadZipFile(f"a directory of {size:,} bytes: part it")
        return super().read(size)


def _open(archive: Path, file: BinaryIO) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except DAMAGED as error:
        raise SourceError(f"{archive} cannot be read as a zip file: {reason(error)}") from error


def entry_name(info: zipfile.ZipInfo) -> str:
    """The name as it was meant: many programs write UTF-8 and do not say so."""
    if info.flag_bits & _UTF_8:
        return info.filename
    try:
        return decode_name(info.orig_filename.encode("cp437"), "cp437")
    except UnicodeEncodeError:  # read from the entry's Unicode field, and right already
        return info.filename


def _check(archive: Path, opened: zipfile.ZipFile) -> None:
    entries = opened.infolist()
    if len(entries) > MAX_ENTRIES:
        raise SourceError(
            f"{archive} has {len(entries):,} entries; at most {MAX_ENTRIES:,} are read: part it"
        )
    packed = archive.stat().st_size
    if sum(info.compress_size for info in entries) > packed:
        raise SourceError(f"{archive} is refused: its entries overlap, as in a zip bomb")
    check_ratio(archive, packed, sum(info.file_size for info in entries))
