"""Parts of an archive, read as files of their own by many threads at once."""

import io
import os
from collections.abc import Callable
from threading import Lock
from typing import Any, BinaryIO

# Some bytes of the archive, uncompressed: how many, and from where. From any thread.
ReadAt = Callable[[int, int], bytes]


def of_file(file: BinaryIO) -> ReadAt:
    """Of one that is open on the disk."""
    number = file.fileno()
    return lambda size, at: os.pread(number, size, at)


def of_stream(file: BinaryIO) -> ReadAt:
    """Of what has one place at a time. Back from it is, in a compressed file, from the start."""
    lock = Lock()

    def read_at(size: int, at: int) -> bytes:
        with lock:
            file.seek(at)
            return file.read(size)

    return read_at


class Part(io.RawIOBase):
    """Some bytes of an archive, as a file. Many threads may read the same archive so."""

    def __init__(self, read_at: ReadAt, start: int, size: int) -> None:
        self._read_at = read_at
        self._at, self._end = start, start + size

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes. Raises EOFError where the archive ends before they do."""
        wanted = min(len(buffer), self._end - self._at)
        data = self._read_at(wanted, self._at)
        if wanted and not data:
            raise EOFError("the archive is cut off")
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
