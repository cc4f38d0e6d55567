"""Images that stay where they are: a pointer to a file in place of a copy of its bytes."""

import hashlib
import json
import os
import stat
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from service.domain.errors import NotFound

# A pipe must not keep its opener waiting; a link may have come where a file was.
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW


@dataclass(frozen=True)
class Reference:
    """A file by its path without symbolic links, and its state when its content was hashed."""

    path: str
    size: int
    mtime_ns: int

    def dump(self) -> bytes:
        """As the image store keeps it."""
        return json.dumps(asdict(self)).encode()


def refer_to(path: Path) -> Reference:
    """A pointer to a file that is read and hashed after this. Raises OSError."""
    status = path.stat()
    return Reference(str(path), status.st_size, status.st_mtime_ns)


def read_reference(pointer: bytes, sha256: str, roots: Sequence[Path]) -> bytes:
    """The file's bytes, if it still lies inside of `roots` and has the content that it had.

    Raises NotFound, which says what became of it.
    """
    reference = Reference(**json.loads(pointer))
    path = Path(reference.path)
    if not any(path.resolve().is_relative_to(root) for root in roots):
        raise _lost(path, "it lies outside of the folders in HANDFUL_IMPORT_ROOTS now")
    try:
        with open(path, "rb", opener=lambda name, _: os.open(name, _FLAGS)) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise _lost(path, "it is no regular file any more")
            if status.st_size != reference.size:  # before it is read: it may be of any size now
                raise _lost(path, "its content was changed")
            data = file.read(reference.size + 1)
    except OSError as error:
        raise _lost(path, f"it cannot be read: {error.strerror}") from error
    if status.st_mtime_ns != reference.mtime_ns and hashlib.sha256(data).hexdigest() != sha256:
        raise _lost(path, "its content was changed")
    return data


def _lost(path: Path, why: str) -> NotFound:
    return NotFound(
        "missing-file",
        f"The image is read from {path}, and {why}. Put the file back, or import the image again.",
    )
