"""Near-duplicates: images of the pool that look like an older one."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import ColumnElement, bindparam, exists, func, select
from sqlalchemy.orm import Session, aliased

from models.images import ImageRejected, decode
from models.perceptual_hash import NO_HASH, find_copies, looks_same, perceptual_hash
from service.domain.errors import NotFound
from service.storage.projects import get_project
from service.storage.tables import ImageRow
from service.usecases.context import Context

# Rows changed while other writers wait.
AT_ONCE = 500
# How often it is told, while copies are looked for, what is done.
TOLD_SECONDS = 1.0
Ids = NDArray[np.int64]


def flag_near_duplicates(context: Context, project_id: str, say: Callable[[str], None]) -> int:
    """Compare the images that came since the last time with all older ones, and flag copies.

    Returns how many images of the project are flagged. Done again it finds the same; `say` is told
    what is done, and may raise to end it. Raises NotFound where the project was deleted.
    """
    _hash_older_images(context, project_id, say)
    say("Looking for near-duplicates")
    with context.database.read() as session:
        compared_until = get_project(session, project_id).compared_until
        ids, hashes, copy_of = _read_hashes(session, project_id)
    first = int(np.searchsorted(ids, compared_until, side="right"))
    if first < len(ids):
        check = _now_and_then(lambda: say("Looking for near-duplicates"))
        found = find_copies(hashes, copy_of, first, _comparison(context, ids), check)
        _flag(context, [(int(ids[row]), int(ids[older])) for row, older in found.items()])
        with context.database.write() as session:
            get_project(session, project_id).compared_until = int(ids[-1])
    with context.database.read() as session:
        flagged = ImageRow.near_duplicate_of.is_not(None)
        count = select(func.count()).where(ImageRow.project_id == project_id, flagged)
        return session.scalar(count) or 0


def _now_and_then(work: Callable[[], None]) -> Callable[[], None]:
    """`work`, which takes a transaction, for those who call it all the time."""
    last = time.monotonic()

    def work_if_due() -> None:
        nonlocal last
        if time.monotonic() - last >= TOLD_SECONDS:
            work()
            last = time.monotonic()

    return work_if_due


def _read_hashes(session: Session, project_id: str) -> tuple[Ids, NDArray[np.uint64], Ids]:
    """Image ids, the oldest first, their hashes, and the rows of which they are copies, or -1."""
    rows = session.execute(
        select(ImageRow.id, ImageRow.perceptual_hash, ImageRow.near_duplicate_of)
        .where(ImageRow.project_id == project_id, ImageRow.perceptual_hash.is_not(None))
        .order_by(ImageRow.id)
    )
    columns = np.array([(row[0], row[1], row[2] or 0) for row in rows], np.int64).reshape(-1, 3)
    ids, hashes, originals = columns.T
    place = np.searchsorted(ids, originals).clip(max=max(0, len(ids) - 1))
    copy_of = np.where((originals > 0) & (ids[place] == originals), place, -1) if len(ids) else ids
    return ids, np.ascontiguousarray(hashes).view(np.uint64), copy_of


def _comparison(context: Context, ids: Ids) -> Callable[[int, int], bool]:
    """Whether the images of two rows look the same in their thumbnails."""

    def compare(row: int, other: int) -> bool:
        shown = _thumbnail(context, int(ids[row])), _thumbnail(context, int(ids[other]))
        return shown[0] is not None and shown[1] is not None and looks_same(shown[0], shown[1])

    return compare


def _thumbnail(context: Context, image_id: int) -> Image.Image | None:
    with context.database.read() as session:
        sha256 = session.scalar(select(ImageRow.sha256).where(ImageRow.id == image_id))
    return _open_thumbnail(context, sha256) if sha256 else None


def _open_thumbnail(context: Context, sha256: str) -> Image.Image | None:
    try:
        return decode(context.images.thumbnail(sha256)).image
    except (NotFound, ImageRejected):
        return None  # its file was lost: nothing looks like it


def _flag(context: Context, pairs: list[tuple[int, int]]) -> None:
    """Flag images as copies of older ones; nothing is a copy of one that was deleted meanwhile."""
    original = aliased(ImageRow)
    is_there = exists().where(original.id == bindparam("value"))
    for start in range(0, len(pairs), AT_ONCE):
        some = [{"image": i, "value": older} for i, older in pairs[start : start + AT_ONCE]]
        _change(context, {"near_duplicate_of": bindparam("value")}, some, is_there)


def _hash_older_images(context: Context, project_id: str, say: Callable[[str], None]) -> None:
    """Compute the hashes of images from before there were any."""
    lacking = ImageRow.project_id == project_id, ImageRow.perceptual_hash.is_(None)
    while True:
        with context.database.read() as session:
            query = select(ImageRow.id, ImageRow.sha256).where(*lacking).limit(AT_ONCE)
            rows = list(session.execute(query))
        if not rows:
            return
        say("Preparing to look for near-duplicates")
        some = [{"image": i, "value": _hash(context, sha256)} for i, sha256 in rows]
        _change(context, {"perceptual_hash": bindparam("value")}, some)


def _hash(context: Context, sha256: str) -> int:
    shown = _open_thumbnail(context, sha256)
    return perceptual_hash(shown) if shown is not None else NO_HASH


def _change(
    context: Context,
    values: dict[str, Any],
    images: list[dict[str, int]],
    *conditions: ColumnElement[bool],
) -> None:
    """Set one value an image; images deleted meanwhile are passed over."""
    table = ImageRow.metadata.tables[ImageRow.__tablename__]
    change = table.update().where(table.c.id == bindparam("image"), *conditions).values(values)
    with context.database.write() as session:
        session.connection().execute(change, images)
