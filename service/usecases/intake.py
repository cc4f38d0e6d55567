"""Files that arrive: checked, kept by their content, and entered in the pool."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from threading import BoundedSemaphore

from sqlalchemy.orm import Session

from models.image_sources.names import printable
from models.images import DecodedImage, ImageRejected, decode, thumbnail
from models.perceptual_hash import perceptual_hash
from service.domain.entities import Rejected, StoredImage, Upload
from service.domain.errors import NoUsableFile, Unavailable
from service.storage import projects
from service.storage.images import contents_in_use, find_by_content
from service.storage.references import Reference
from service.storage.tables import ImageRow
from service.usecases.context import Context

# So many deletions may keep other writers waiting.
DROPPED_AT_ONCE = 100
# A large image takes hundreds of megabytes while it is decoded: few at a time.
_decoding = BoundedSemaphore(4)
THUMBNAIL = 256
# A JPEG no larger than this needs no thumbnail beside it.
SMALL_BYTES = 2**15


@dataclass(frozen=True)
class KeptFile:
    """An image whose bytes and thumbnail are in the store."""

    filename: str
    sha256: str
    width: int
    height: int
    perceptual_hash: int


@dataclass
class Intake:
    """What became of a request's files: kept in the store, or rejected with a reason."""

    kept: list[KeptFile] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


def keep_files(context: Context, uploads: Iterable[Upload]) -> Intake:
    """Put each usable image into the store before any row speaks of it; report the others.

    One image is decoded at a time, so that memory does not grow with the request.
    Raises StorageFull where the disk has no room, NoUsableFile where no file is usable.
    """
    context.images.require_room()
    intake = Intake()
    for upload in uploads:
        name = safe_name(upload.filename)
        try:
            intake.kept.append(keep_file(context, name, upload.data))
        except ImageRejected as rejection:
            intake.rejected.append(Rejected(name, rejection.code, rejection.message))
    if not intake.kept:
        raise NoUsableFile(intake.rejected)
    context.images.sync(file.sha256 for file in intake.kept)
    return intake


def enter(
    context: Context,
    session: Session,
    project_id: str,
    kept: list[KeptFile],
    reference_label: str | None = None,
) -> list[StoredImage]:
    """Enter kept files in the pool, in order; the same content is entered once.

    The session is a writing one. Raises Unavailable where a file was dropped in the meantime.
    """
    projects.get_project(session, project_id)
    here = context.images.present(file.sha256 for file in kept)
    return [_enter(session, project_id, file, here, reference_label) for file in kept]


def drop_unused(context: Context, sha256s: Iterable[str]) -> None:
    """Delete the files of these contents that no project has an image of any more.

    Under the database's write lock: an upload of the same content is either entered, and seen
    here, or finds its file gone when it comes to be entered. Of contents that are listed on the
    way few are held in memory.
    """
    rest = iter(sha256s)
    while some := list(islice(rest, DROPPED_AT_ONCE)):
        with context.database.read() as session:  # most are in use: no lock for those
            unused = set(some) - contents_in_use(session, some)
        if unused:
            with context.database.write() as session:
                context.images.delete(*(unused - contents_in_use(session, list(unused))))


def decode_upload(context: Context, data: bytes, shrink_to: int | None = None) -> DecodedImage:
    """Decode a file from outside within this deployment's limits. Raises ImageRejected."""
    limits = context.settings
    with _decoding:
        return decode(
            data,
            max_bytes=limits.max_file_mb * 2**20,
            max_pixels=limits.max_megapixels * 10**6,
            shrink_to=shrink_to,
        )


def safe_name(filename: str) -> str:
    """The last part of a file name that may be a path, without control characters."""
    steps = [step for step in re.split(r"[/\\]", filename) if step]
    name = printable(steps[-1] if steps else "", instead="")[:255]
    return name if name.strip(". ") else "unnamed"


def safe_path(path: str) -> str:
    """A path in a source, each of its steps as `safe_name` has it: what tells two files apart."""
    steps = [step for step in re.split(r"[/\\]", path) if step not in ("", ".", "..")]
    return "/".join(map(safe_name, steps)) or "unnamed"


def keep_file(
    context: Context, name: str, data: bytes, reference: Reference | None = None
) -> KeptFile:
    """Put one image into the store: its bytes, or where they lie.

    Raises ImageRejected, and StorageFull.
    """
    decoded = decode_upload(context, data, shrink_to=THUMBNAIL)
    if reference is not None:
        context.images.refer(decoded.sha256, reference)
    else:
        context.images.put_image(decoded.sha256, data)
    if reference is not None or not _is_its_own_thumbnail(decoded, data):
        context.images.put_thumbnail(decoded.sha256, thumbnail(decoded.image, THUMBNAIL))
    look = perceptual_hash(decoded.image)
    return KeptFile(name, decoded.sha256, decoded.width, decoded.height, look)


def _is_its_own_thumbnail(decoded: DecodedImage, data: bytes) -> bool:
    """Whether a browser shows the file itself as fast, and as upright, as a thumbnail."""
    small = max(decoded.width, decoded.height) <= THUMBNAIL and len(data) <= SMALL_BYTES
    return small and decoded.format == "JPEG" and b"Exif\0" not in data


def _enter(
    session: Session,
    project_id: str,
    file: KeptFile,
    here: set[str],
    reference_label: str | None,
) -> StoredImage:
    present = find_by_content(session, project_id, file.sha256)
    if present is not None:
        return StoredImage(present.id, file.filename, file.sha256, duplicate=True)
    if file.sha256 not in here:
        raise Unavailable(
            "image-vanished",
            f"'{file.filename}' was deleted by another call just now: send the files again.",
        )
    row = ImageRow(
        project_id=project_id,
        sha256=file.sha256,
        filename=file.filename,
        width=file.width,
        height=file.height,
        perceptual_hash=file.perceptual_hash,
        reference_label=reference_label and projects.slugify(reference_label),
    )
    session.add(row)
    session.flush()
    return StoredImage(row.id, file.filename, file.sha256, duplicate=False)
