"""A tar archive, plain or compressed. Names are never used as paths."""

import bz2
import errno
import gzip
import io
import lzma
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from posixpath import dirname
from typing import Any, BinaryIO, cast

from models.image_sources.limits import MAX_ENTRIES, bomb, most_bytes
from models.image_sources.names import (
    LABEL_SUFFIX,
    MAX_LABEL_BYTES,
    climbs,
    decode_name,
    empty_among,
    free_name,
    inner_path,
    is_hidden,
    suffix,
)
from models.image_sources.parts import Part, ReadAt, of_file, of_stream
from models.image_sources.source import SourceError, UnreadableFile
from models.image_sources.tree import DAMAGED, reason

# By a file's first bytes.
_COMPRESSIONS: dict[bytes, Any] = {
    b"\x1f\x8b": gzip.GzipFile,
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
}
# Names and attributes come in blocks of their own, which are read whole; this is far above any.
MAX_HEADER_BYTES = 2**20
CHUNK = 2**20


@dataclass(frozen=True)
class Scratch:
    """A folder for what is unpacked meanwhile, and how much of its disk is not for that.

    `check` is called all the while, and may raise to end it.
    """

    folder: Path | None = None
    min_free_bytes: int = 0
    check: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class _Member:
    """Where in the archive a file's bytes lie, or they themselves, or why they cannot be had."""

    start: int
    size: int
    refused: str = ""
    data: bytes | None = None


class TarTree:
    """The files of a tar, each found by its place."""

    def __init__(
        self, archive: Path, plain: BinaryIO, read_at: ReadAt | None = None, damage: str = ""
    ) -> None:
        """`plain` is the archive, uncompressed, and read by `read_at` where it is no file.

        `damage` says why it is not whole.
        """
        self.where = str(archive)
        self._read_at = read_at or of_file(plain)
        self._members: dict[str, _Member] = {}
        self._folders: set[str] = set()
        self._numbers: dict[str, int] = {}
        self._labels: dict[bytes, bytes] = {}
        damage = self._index(plain) or damage
        if damage and not self._members:
            raise SourceError(f"{archive} cannot be read as a tar file: {damage}")
        if damage:
            why = f"the archive is cut off or damaged, its other files are lost: {damage}"
            self._members[archive.name] = _Member(0, 0, why)

    def names(self) -> list[str]:
        """In the archive's order, in which they are read the fastest."""
        return [name for name in self._members if not is_hidden(name)]

    def empty_folders(self) -> list[str]:
        """Those that are a member, or have a hidden one."""
        return empty_among(self._folders | set(map(dirname, self._members)), self.names())

    def has(self, name: str) -> bool:
        """Whether there is a member of this name."""
        return name in self._members

    def open(self, name: str) -> BinaryIO:
        """A file, which has a place of its own in the archive."""
        member = self._members[name]
        if member.refused:
            raise UnreadableFile(member.refused)
        if member.data is not None:
            return io.BytesIO(member.data)
        return cast("BinaryIO", io.BufferedReader(Part(self._read_at, member.start, member.size)))

    def path(self, name: str) -> Path | None:  # noqa: ARG002
        """Nowhere but in the archive."""
        return None

    def _index(self, plain: BinaryIO) -> str:
        """Finds all members; says why where that ends too early."""
        try:
            headers = cast("BinaryIO", _Headers(plain))
            with tarfile.open(fileobj=headers, mode="r:", encoding="utf-8") as tar:
                while member := tar.next():
                    # tarfile would keep a kilobyte of each.
                    tar.members.clear()  # type: ignore[attr-defined]
                    self._add(member)
        except SourceError:
            raise
        except DAMAGED as error:
            return reason(error)
        return ""

    def _add(self, member: tarfile.TarInfo) -> None:
        if len(self._members) + len(self._folders) == MAX_ENTRIES:
            raise SourceError(f"{self.where} has more than {MAX_ENTRIES:,} entries: part it")
        name = inner_path(decode_name(member.name.encode("utf-8", "surrogateescape")))
        if member.isdir():
            self._folders.add(name)
            return
        refused = _refusal(name, member)
        data = None if refused else self._label(name, member)
        place = _Member(member.offset_data, member.size, refused, data)
        if member.islnk():  # tar's way to keep a file's bytes once
            place = self._members.get(inner_path(member.linkname), place)
        self._members[free_name(name, self._members, self._numbers)] = place

    def _label(self, name: str, member: tarfile.TarInfo) -> bytes | None:
        """What names a class is read in passing: to come back for it may be to start over."""
        if suffix(name) != LABEL_SUFFIX or member.size > MAX_LABEL_BYTES:
            return None
        data = self._read_at(member.size, member.offset_data)
        return self._labels.setdefault(data, data)


@contextmanager
def open_tar(archive: Path, scratch: Scratch) -> Iterator[TarTree]:
    """Raises SourceError for what is no tar, or a bomb.

    A compressed one is unpacked beside, in `scratch`, while it is open: only so can any of its
    files be reached, more than once and from many threads.
    """
    opener = _decompressor(archive)
    if opener is None:
        with archive.open("rb") as file:
            yield TarTree(archive, file)
        return
    # Without a name, so that nothing is left of it where the process is killed.
    with tempfile.TemporaryFile(dir=scratch.folder) as plain:
        damage = _unpack(archive, opener, cast("BinaryIO", plain), scratch)
        yield TarTree(archive, cast("BinaryIO", plain), damage=damage)


@contextmanager
def stream_tar(archive: Path) -> Iterator[TarTree]:
    """A tar whose files are read in their order alone: a compressed one needs no room then.

    It is gone through twice. Raises SourceError for what is no tar.
    """
    with (_decompressor(archive) or open)(archive, "rb") as file:
        yield TarTree(archive, file, of_stream(file))


def is_tar(archive: Path) -> bool:
    """Whether a file is a tar, plain or compressed, whatever its name."""
    opener = _decompressor(archive) or open
    try:
        with opener(archive, "rb") as file:
            return bytes(file.read(512)[257:262]) == b"ustar" or _is_named_so(archive)
    except DAMAGED:
        return _is_named_so(archive)


def _is_named_so(archive: Path) -> bool:
    """The oldest tars have no mark, and a damaged one is best called that."""
    ends = [end.lower() for end in archive.suffixes]
    return ".tar" in ends or not {".tgz", ".tbz2", ".txz"}.isdisjoint(ends[-1:])


def _decompressor(archive: Path) -> Any:
    with archive.open("rb") as file:
        start = file.read(6)
    return next((each for magic, each in _COMPRESSIONS.items() if start.startswith(magic)), None)


def _unpack(archive: Path, opener: Any, plain: BinaryIO, scratch: Scratch) -> str:
    """Writes what can be unpacked; says why where that is not all."""
    left = most_bytes(archive.stat().st_size)
    damage = ""
    with opener(archive) as packed:
        while not damage:
            scratch.check()
            chunk, damage = _read_chunk(packed)
            left -= len(chunk)
            if left < 0:
                raise bomb(archive)
            if not chunk:
                break
            _write(plain, chunk, archive, scratch.min_free_bytes)
    plain.seek(0)
    return damage


def _write(plain: BinaryIO, chunk: bytes, archive: Path, min_free_bytes: int) -> None:
    try:
        _require_room(plain, min_free_bytes + len(chunk))
        plain.write(chunk)
    except OSError as error:
        raise SourceError(
            f"{archive} cannot be unpacked: {reason(error)}. It needs as much room as its files "
            "have, or unpack it elsewhere and import the folder"
        ) from error


def _require_room(plain: BinaryIO, count: int) -> None:
    """Before the disk is full: the database is on it too."""
    disk = os.fstatvfs(plain.fileno())
    if disk.f_bavail * disk.f_frsize < count:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _read_chunk(packed: Any) -> tuple[bytes, str]:
    """The next bytes, none at the end, and what is wrong with them."""
    try:
        return packed.read1(CHUNK), ""  # what there is before damage, too
    except DAMAGED as error:
        return b"", reason(error)


def _refusal(name: str, member: tarfile.TarInfo) -> str:
    """Why a member's bytes are not to be had, or ''."""
    if climbs(name):
        return "its name leads out of the archive"
    if member.issym() or member.islnk():
        return "it is a link; links inside of archives are not followed"
    if not member.isreg() or member.sparse is not None:
        return "it is no regular file"
    return ""


class _Headers:
    """A tar as tarfile indexes it: only headers are read, and none may fill the memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int) -> bytes:
        if size > MAX_HEADER_BYTES:
            raise tarfile.ReadError(f"a header of {size:,} bytes")
        return self._file.read(size)
