"""A project's pool as images for pretraining, written once into a run's folder."""

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select

from models.datasets import is_prepared, write_images
from service.domain.errors import NotFound
from service.storage import examples
from service.storage.tables import ImageRow
from worker.running import RunningJob

REPORT_EVERY = 50


def write_pool(running: RunningJob, side: int, folder: Path) -> None:
    """Write the squares of the pool's images into `folder`, unless they are there.

    A run that goes on does so on the images that it began with.
    """
    if is_prepared(folder):
        return
    pool = _read_pool(running)
    write_images(_files(running, pool), len(pool), side, folder)


def _read_pool(running: RunningJob) -> list[tuple[str, str, str | None]]:
    """Content, name and class of every image. True labels too: here nothing is trained on them."""
    project_id = str(running.job.project_id)
    with running.context.database.read() as session:
        labels = examples.labels_by_image(session, project_id)
        rows = session.scalars(
            select(ImageRow).where(ImageRow.project_id == project_id).order_by(ImageRow.id)
        )
        return [(row.sha256, row.filename, labels.get(row.id, row.reference_label)) for row in rows]


def _files(
    running: RunningJob, pool: list[tuple[str, str, str | None]]
) -> Iterator[tuple[str, str | None, bytes]]:
    for number, (sha256, name, label) in enumerate(pool):
        if number % REPORT_EVERY == 0:
            running.report(done=number, total=len(pool), message="Preparing the images")
        yield name, label, _content(running, sha256)


def _content(running: RunningJob, sha256: str) -> bytes:
    try:
        return running.context.images.image(sha256)
    except NotFound:
        return b""  # left out by name, like a damaged one
