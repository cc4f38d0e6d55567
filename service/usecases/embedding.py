"""Images to embeddings: a few at once in the api, the rest by a job in the worker."""

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

import numpy as np
import structlog
from numpy.typing import NDArray
from sqlalchemy import select

from models.features import Features
from models.images import DecodedImage, ImageRejected, decode
from models.manifest import Manifest
from models.transforms import EvaluationTransform, evaluation_crop
from service.domain.entities import Job
from service.domain.errors import NotFound
from service.storage import embeddings, projects
from service.storage.encoders import get_encoder
from service.storage.tables import ImageRow, ProjectRow
from service.usecases.context import Context
from service.usecases.jobs import start_again, start_job

# What a request embeds by itself: more than this would keep the caller waiting for seconds.
INLINE_LIMIT = 16
log = structlog.get_logger()


class Encoder(Protocol):
    """What embeds: by torch or by ONNX Runtime, fastest by `streams` threads' batches."""

    manifest: Manifest
    batch_size: int
    streams: int

    def embed_crops(self, crops: NDArray[np.uint8]) -> Features:
        """Features (n, dimension) of evaluation crops (n, crop, crop, 3)."""


def embed_images(context: Context, project_id: str, image_ids: Sequence[int]) -> Job | None:
    """See to it that these images get embedded: a few here and now, more by a job.

    Returns the job, or None where nothing is left to do.
    """
    with context.database.read() as session:
        encoder_id = projects.get_project(session, project_id).encoder_id
        if encoder_id is None:
            return None  # the job is started when the first encoder is registered
        rows = embeddings.pending_among(session, encoder_id, image_ids, INLINE_LIMIT + 1)
    if len(rows) > INLINE_LIMIT:
        return start_job(context, "embed", {"encoder_id": encoder_id})
    if rows:
        _embed_rows(context, encoder_id, rows, context.encoders.get(encoder_id))
    return None


def request_embedding(context: Context, encoder_id: str) -> Job:
    """Have a worker embed what waits for the encoder. Raises NotFound."""
    with context.database.read() as session:
        get_encoder(session, encoder_id)
    return start_job(context, "embed", {"encoder_id": encoder_id})


def still_pending(context: Context, encoder_id: str, image_ids: Sequence[int]) -> list[int]:
    """Those of the images that are still in the pool and still not embedded."""
    with context.database.read() as session:
        rows = embeddings.pending_among(session, encoder_id, image_ids, len(image_ids))
    return [row.id for row in rows]


def count_pending(context: Context, encoder_id: str) -> int:
    """Number of images that the encoder has yet to see."""
    with context.database.read() as session:
        return embeddings.count_pending(session, encoder_id)


def start_pending(context: Context) -> None:
    """Start the embedding jobs that are missing: one for each encoder that has images waiting.

    A job that failed or was cancelled is given time before it is started anew.
    """
    with context.database.read() as session:
        rows = session.execute(select(ProjectRow.encoder_id, ProjectRow.next_encoder_id).distinct())
        wanted = {encoder_id for row in rows for encoder_id in row if encoder_id}
        waiting = [each for each in wanted if embeddings.count_pending(session, each)]
    for encoder_id in sorted(waiting):
        start_again(context, "embed", {"encoder_id": encoder_id})


def finish_switches(context: Context) -> None:
    """Let every encoder take over that has embedded what it was to."""
    with context.database.read() as session:
        query = select(ProjectRow.next_encoder_id).where(ProjectRow.next_encoder_id.is_not(None))
        coming = set(session.scalars(query))
    for encoder_id in coming:
        switch_encoders(context, str(encoder_id))


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


def open_crop(
    context: Context,
    image_id: int,
    sha256: str,
    transform: EvaluationTransform,
    decoding: AbstractContextManager[object],
) -> NDArray[np.uint8] | None:
    """A kept image's evaluation crop (crop, crop, 3); None, and a line in the log, without it.

    An image is decoded within `decoding`, and reduced at once to what the encoder needs: large
    ones never pile up.
    """
    try:
        data = context.images.image(sha256)
        with decoding:
            decoded = _decode(data, transform)
            return evaluation_crop(decoded.image, transform, decoded.box)
    except (NotFound, ImageRejected) as error:
        log.warning("image_unreadable", image_id=image_id, sha256=sha256, error=str(error))
        return None


def _decode(data: bytes, transform: EvaluationTransform) -> DecodedImage:
    # No limit here: the image was let in, under whatever limits held then.
    limits = {"max_bytes": sys.maxsize, "max_pixels": sys.maxsize}
    return decode(data, **limits, shrink_to=transform.decoded_side)


def _embed_rows(
    context: Context, encoder_id: str, rows: Sequence[ImageRow], encoder: Encoder
) -> None:
    """Embed and commit what can be read; the rest stays pending."""
    transform = encoder.manifest.transform
    crops = {
        row.id: open_crop(context, row.id, row.sha256, transform, nullcontext()) for row in rows
    }
    opened = {image_id: crop for image_id, crop in crops.items() if crop is not None}
    if opened:
        features = encoder.embed_crops(np.stack(list(opened.values())))
        with context.database.write() as session:
            embeddings.add_embeddings(session, encoder_id, list(opened), features)
