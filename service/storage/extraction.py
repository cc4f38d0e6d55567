"""Rows of the parts that workers take of a job's images. Each change is guarded by its holder."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from service.domain.entities import now
from service.storage.embeddings import WaitingImage, waiting_images
from service.storage.jobs import ACTIVE
from service.storage.tables import ExtractionPartRow, ImageRow, JobRow


class Worker(NamedTuple):
    """Who takes parts: of which job, for which encoder, under which name of its own."""

    job_id: str
    encoder_id: str
    holder: str


@dataclass(frozen=True)
class Part:
    """What is left of a part to embed, and whether other images wait behind it."""

    first_image_id: int
    images: Sequence[WaitingImage]
    more: bool


class PartResult(NamedTuple):
    """Images of a part that were embedded, those that no one could read, and whether it is done."""

    first_image_id: int
    embedded: int
    unreadable: Sequence[int]
    finished: bool


@dataclass(frozen=True)
class Extracted:
    """What all parts of a job come to: images embedded and taken, and parts not finished."""

    embedded: int
    images: int
    unfinished: int


def taken_until(session: Session, worker: Worker) -> int:
    """The last image of the job's parts; before there are any, the last before one that waits.

    That may be a look at every image: not in a write transaction, for which all others wait.
    """
    last = select(func.max(ExtractionPartRow.last_image_id))
    if taken := session.scalar(last.where(ExtractionPartRow.job_id == worker.job_id)):
        return taken
    if waiting := waiting_images(session, worker.encoder_id, limit=1):
        return waiting[0].id - 1
    return session.scalar(select(func.max(ImageRow.id))) or 0


def take_part(
    session: Session, worker: Worker, size: int, silent: timedelta, after: int = 0
) -> Part | None:
    """Take what a worker left that stopped or fell silent, else the next `size` images that wait.

    after: what `taken_until` said just now. None where all images have been taken, or the job is
    over. Needs a write transaction.
    """
    if not is_wanted(session, worker):
        return None
    return _take_over(session, worker, silent) or _cut(session, worker, size, after)


def note(session: Session, worker: Worker, result: PartResult) -> None:
    """Count what became of images of a part; nothing where another worker has it by now."""
    held = ExtractionPartRow.first_image_id == result.first_image_id
    row = session.scalar(select(ExtractionPartRow).where(*_held(worker), held))
    if row is None:
        return
    row.embedded += result.embedded
    row.unreadable = [*row.unreadable, *result.unreadable]
    row.finished = result.finished


def beat(session: Session, worker: Worker) -> bool:
    """Show that the worker lives; False where its job is over or shall end."""
    session.execute(update(ExtractionPartRow).where(*_held(worker)).values(heartbeat_at=now()))
    return is_wanted(session, worker)


def let_go(session: Session, worker: Worker) -> None:
    """Give back what the worker has not finished."""
    session.execute(update(ExtractionPartRow).where(*_held(worker)).values(holder=None))


def extracted(session: Session, job_id: str) -> Extracted:
    """How far all workers of the job are."""
    row = ExtractionPartRow
    unfinished = func.count().filter(row.finished.is_(False))
    sums = select(func.sum(row.embedded), func.sum(row.images), unfinished)
    embedded, images, left = session.execute(sums.where(row.job_id == job_id)).one()
    return Extracted(embedded or 0, images or 0, left)


def unreadable(session: Session, job_id: str) -> list[int]:
    """Images whose files no worker could read."""
    lists = select(ExtractionPartRow.unreadable).where(ExtractionPartRow.job_id == job_id)
    in_order = lists.order_by(ExtractionPartRow.first_image_id)
    return [image_id for ids in session.scalars(in_order) for image_id in ids]


def projects_of(session: Session, job_id: str) -> set[str]:
    """The projects of the images that its parts span."""
    row = ExtractionPartRow
    first = select(func.min(row.first_image_id)).where(row.job_id == job_id).scalar_subquery()
    last = select(func.max(row.last_image_id)).where(row.job_id == job_id).scalar_subquery()
    spanned = select(ImageRow.project_id).where(ImageRow.id.between(first, last))
    return set(session.scalars(spanned.distinct()))


def is_wanted(session: Session, worker: Worker) -> bool:
    """Whether the job is to go on: it is neither over nor cancelled."""
    # Queued as well: of a job whose own worker died the others go on with.
    active = [JobRow.state.in_(ACTIVE), JobRow.cancel_requested.is_(False)]
    return session.scalar(select(JobRow.id).where(JobRow.id == worker.job_id, *active)) is not None


def _take_over(session: Session, worker: Worker, silent: timedelta) -> Part | None:
    row = ExtractionPartRow
    # A worker that slept with its machine finds its own parts silent, and is still at them.
    others_silent = and_(row.holder != worker.holder, row.heartbeat_at < now() - silent)
    left = or_(row.holder.is_(None), others_silent)
    abandoned = select(row).where(row.job_id == worker.job_id, row.finished.is_(False), left)
    for found in session.scalars(abandoned.order_by(row.first_image_id)):
        found.holder, found.heartbeat_at = worker.holder, now()
        if images := _left_of(session, worker, found):
            return Part(found.first_image_id, images, more=True)
        found.finished = True  # its images are embedded, or were deleted
    return None


def _left_of(session: Session, worker: Worker, row: ExtractionPartRow) -> list[WaitingImage]:
    known = set(row.unreadable)
    waiting = waiting_images(
        session, worker.encoder_id, after=row.first_image_id - 1, until=row.last_image_id
    )
    return [image for image in waiting if image.id not in known]


def _cut(session: Session, worker: Worker, size: int, after: int) -> Part | None:
    last = select(func.max(ExtractionPartRow.last_image_id))
    taken = session.scalar(last.where(ExtractionPartRow.job_id == worker.job_id)) or 0
    after = max(after, taken)  # another worker may have been faster
    waiting = waiting_images(session, worker.encoder_id, after=after, limit=size + 1)
    images = waiting[:size]
    if not images:
        return None
    session.add(
        ExtractionPartRow(
            job_id=worker.job_id,
            first_image_id=images[0].id,
            last_image_id=images[-1].id,
            images=len(images),
            holder=worker.holder,
            heartbeat_at=now(),
        )
    )
    return Part(images[0].id, images, more=len(waiting) > size)


def _held(worker: Worker) -> list[ColumnElement[bool]]:
    row = ExtractionPartRow
    return [
        row.job_id == worker.job_id,
        row.holder == worker.holder,
        row.finished.is_(False),
    ]
