"""Images to embeddings: a few at once in the api, the rest by a job in the worker."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image as PilImage
from sqlalchemy import select

from models.images import decode
from service.domain.entities import Job
from service.storage import embeddings, images, projects
from service.storage.tables import ImageRow, ProjectRow
from service.usecases.context import Context
from service.usecases.jobs import start_job

Features = NDArray[np.float32]
Embed = Callable[[Sequence[PilImage]], Features]

# What a request embeds by itself: more than this would keep the caller waiting for seconds.
INLINE_LIMIT = 16
BATCH = 32


def embed_images(context: Context, project_id: str, image_ids: Sequence[int]) -> Job | None:
    """See to it that these images get embedded: a few here and now, more by a job.

    Returns the job, or None where nothing is left to do.
    """
    with context.database.read() as session:
        encoder_id = projects.get_project(session, project_id).encoder_id
        if encoder_id is None:
            return None  # the job is started when the first encoder is registered
        missing = [~images.is_embedded(encoder_id), ImageRow.id.in_(image_ids[:1000])]
        rows = list(session.scalars(select(ImageRow).where(*missing).limit(INLINE_LIMIT + 1)))
    if len(rows) > INLINE_LIMIT or len(image_ids) > 1000:
        return start_job(context, "embed", {"encoder_id": encoder_id})
    _embed_rows(context, encoder_id, rows, context.encoders.get(encoder_id).embed)
    return None


def embed_batch(context: Context, encoder_id: str, embed: Embed) -> set[str]:
    """Embed the next pending images and commit them; returns the projects that they are of."""
    with context.database.read() as session:
        rows = embeddings.pending_images(session, encoder_id, BATCH)
    _embed_rows(context, encoder_id, rows, embed)
    return {row.project_id for row in rows}


def count_pending(context: Context, encoder_id: str) -> int:
    """Number of images that the encoder has yet to see."""
    with context.database.read() as session:
        return embeddings.count_pending(session, encoder_id)


def start_pending(context: Context) -> None:
    """Start the embedding jobs that are missing: one for each encoder that has images waiting."""
    with context.database.read() as session:
        rows = session.execute(select(ProjectRow.encoder_id, ProjectRow.next_encoder_id).distinct())
        wanted = {encoder_id for row in rows for encoder_id in row if encoder_id}
        waiting = [each for each in wanted if embeddings.count_pending(session, each)]
    for encoder_id in sorted(waiting):
        start_job(context, "embed", {"encoder_id": encoder_id})


def switch_encoders(context: Context, encoder_id: str) -> list[str]:
    """Let the encoder take over where it was to and has embedded the whole pool.

    Returns the projects that switched.
    """
    with context.database.write() as session:
        waiting = select(ProjectRow).where(ProjectRow.next_encoder_id == encoder_id)
        switched = [
            row
            for row in session.scalars(waiting)
            if not embeddings.count_pending(session, encoder_id, row.id)
        ]
        for row in switched:
            row.encoder_id, row.next_encoder_id = encoder_id, None
        return [row.id for row in switched]


def _embed_rows(context: Context, encoder_id: str, rows: Sequence[ImageRow], embed: Embed) -> None:
    if not rows:
        return
    features = embed([decode(context.images.image(row.sha256)).image for row in rows])
    with context.database.write() as session:
        embeddings.add_embeddings(session, encoder_id, [row.id for row in rows], features)
