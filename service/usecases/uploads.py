"""Archives that arrive in pieces: begun, continued where they were cut off, and gone after a day.

An upload is a folder: `.about`, and beside it the file, whose size says how far it is. No
database: a piece that was written counts, whatever happens next.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from service.domain.entities import now
from service.domain.errors import Conflict, Invalid, NotFound, StorageFull, TooLarge
from service.storage import jobs
from service.usecases.context import Context
from service.usecases.intake import safe_name

PREFIX = "upload:"
# No upload's file is called so: their names lose leading dots.
ABOUT = ".about"
# Bytes of a name; file systems take 255.
LONGEST_NAME = 200
LONGEST_SUFFIX = 20
# Without a piece for so long an upload is dropped, finished or not, unless an import needs it.
KEPT_FOR = timedelta(days=1)


@dataclass(frozen=True)
class Upload:
    """An archive of which `offset` of `length` bytes have arrived."""

    id: str
    filename: str
    length: int
    sha256: str
    offset: int
    changed_at: datetime

    @property
    def finished(self) -> bool:
        """Whether all of it is here."""
        return self.offset == self.length

    @property
    def expires_at(self) -> datetime:
        """When it is dropped, if nothing more arrives."""
        return self.changed_at + KEPT_FOR


def begin_upload(context: Context, filename: str, length: int, sha256: str = "") -> Upload:
    """Make room for an archive of `length` bytes, of this content where `sha256` says so.

    Raises TooLarge, and StorageFull where the disk could not hold it.
    """
    limit = context.settings.max_upload_gb * 2**30
    if length > limit:
        raise TooLarge(
            "upload-too-large",
            f"The archive has {length / 2**30:.1f} GiB; at most {limit / 2**30:.0f} GiB are taken "
            "(HANDFUL_MAX_UPLOAD_GB). Send it in several archives.",
        )
    _require_room(context, length)
    upload_id = uuid4().hex
    folder = _folder(context, upload_id)
    folder.mkdir(parents=True)
    name = _file_name(filename)
    about = {"filename": name, "length": length, "sha256": sha256.lower()}
    (folder / name).touch()
    (folder / ABOUT).write_text(json.dumps(about))
    return get_upload(context, upload_id)


def get_upload(context: Context, upload_id: str) -> Upload:
    """How far an upload is. Raises NotFound."""
    folder = _folder(context, upload_id)
    try:
        about = json.loads((folder / ABOUT).read_text())
        status = (folder / about["filename"]).stat()
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(
            "unknown-upload",
            f"There is no upload '{upload_id}': one without use for a day is dropped. Send the "
            "archive again.",
        ) from None
    changed = datetime.fromtimestamp(status.st_mtime, UTC)
    return Upload(id=upload_id, offset=status.st_size, changed_at=changed, **about)


def require_finished(context: Context, upload_id: str) -> Upload:
    """An upload that is all here. Raises NotFound, and Conflict where a part is missing."""
    upload = get_upload(context, upload_id)
    if not upload.finished:
        raise Conflict(
            "upload-unfinished",
            f"Of upload '{upload_id}' {upload.offset} of {upload.length} bytes are here: send the "
            "rest first.",
        )
    return upload


def checked(context: Context, upload_id: str) -> Upload:
    """A finished upload whose bytes are those that were announced; its day begins anew.

    Raises NotFound, Conflict, and Invalid for other bytes.
    """
    upload = require_finished(context, upload_id)
    file = file_of(context, upload)
    os.utime(file)
    if upload.sha256:
        with file.open("rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
        if found != upload.sha256:
            raise Invalid(
                "wrong-content",
                f"Upload '{upload_id}' has sha256 {found}, not {upload.sha256} as announced: "
                "send it again.",
            )
    return upload


@contextmanager
def continued(context: Context, upload_id: str, offset: int) -> Iterator["Piece"]:
    """Write the bytes that come next, those from `offset` on.

    Raises NotFound, and Conflict where others are missing or another call writes.
    """
    upload = get_upload(context, upload_id)
    with file_of(context, upload).open("ab") as file:
        _hold(file, upload_id)
        present = os.fstat(file.fileno()).st_size
        if present != offset:
            raise Conflict(
                "wrong-offset",
                f"Upload '{upload_id}' has {present} bytes: go on from there, not from {offset}.",
            )
        yield Piece(context, file, upload)
        os.utime(file.fileno())


class Piece:
    """A part of an upload while it is written."""

    def __init__(self, context: Context, file: BinaryIO, upload: Upload) -> None:
        self._context = context
        self._file = file
        self._upload = upload

    def write(self, data: bytes) -> None:
        """Keep what came next.

        Raises Invalid for bytes beyond the length that was announced, and StorageFull: the room
        that there was at the start may have gone to others.
        """
        if self.offset + len(data) > self._upload.length:
            raise Invalid(
                "upload-too-long",
                f"More was sent than the {self._upload.length} bytes that were announced.",
            )
        _require_room(self._context, len(data))
        self._file.write(data)

    @property
    def offset(self) -> int:
        """How many bytes of the upload are here."""
        return self._file.tell()

    def drop(self, to: int) -> None:
        """Forget what came behind the offset `to`."""
        self._file.flush()
        self._file.truncate(to)


def drop_upload(context: Context, upload_id: str) -> None:
    """Forget an upload. Raises NotFound."""
    shutil.rmtree(_folder(context, get_upload(context, upload_id).id), ignore_errors=True)


def drop_stale_uploads(context: Context) -> None:
    """Forget uploads without use for a day; not those that an import waits for or reads."""
    folder = context.settings.uploads_dir
    needed = _needed(context)
    for each in folder.iterdir() if folder.is_dir() else ():
        with suppress(FileNotFoundError):  # dropped by another call meanwhile
            old = datetime.fromtimestamp(_used_at(each), UTC) < now() - KEPT_FOR
            if old and each.name not in needed:
                shutil.rmtree(each, ignore_errors=True)


def _needed(context: Context) -> set[str]:
    """Ids of the uploads that queued and running imports are of."""
    with context.database.read() as session:
        sources = [str(each["source"]) for each in jobs.active_payloads(session, "import")]
    return {each.removeprefix(PREFIX) for each in sources if each.startswith(PREFIX)}


def file_of(context: Context, upload: Upload) -> Path:
    """Where an upload's bytes are."""
    return _folder(context, upload.id) / upload.filename


def as_json(upload: Upload) -> dict[str, object]:
    """What callers are told of it."""
    told = ("id", "filename", "offset", "length")
    shown = {name: asdict(upload)[name] for name in told}
    return shown | {"finished": upload.finished, "expires_at": upload.expires_at}


def _folder(context: Context, upload_id: str) -> Path:
    """Raises NotFound for what is no id of this service's: it may hold anything, '..' too."""
    if len(upload_id) != 32 or not set(upload_id) <= set("0123456789abcdef"):
        raise NotFound("unknown-upload", f"'{upload_id[:40]}' is no id of an upload.")
    return context.settings.uploads_dir / upload_id


def _file_name(filename: str) -> str:
    """A name that every file system takes, with the suffix of its kind."""
    name = Path(safe_name(filename).lstrip("."))
    suffix = name.suffix.encode()[:LONGEST_SUFFIX]
    stem = name.stem.encode()[: LONGEST_NAME - len(suffix)]
    return stem.decode(errors="ignore") + suffix.decode(errors="ignore")


def _used_at(folder: Path) -> float:
    """When one of its files changed; one without any was begun just now, or never was."""
    times = [file.stat().st_mtime for file in folder.iterdir()]
    return max(times, default=folder.stat().st_mtime)


def _hold(file: BinaryIO, upload_id: str) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Conflict(
            "upload-in-progress", f"Another call writes upload '{upload_id}': wait for it to end."
        ) from None


def _require_room(context: Context, length: int) -> None:
    folder = context.settings.uploads_dir
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free - context.settings.min_free_mb * 2**20
    if free < length:
        raise StorageFull(
            "storage-full",
            f"The archive has {length / 2**20:.0f} MiB and {max(0, free) / 2**20:.0f} MiB are "
            "free for it: free some space, then send it again.",
        )
