"""Rows of embeddings: the truth from which every index is derived."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Select, func, insert, or_, select
from sqlalchemy.orm import Session

from models.errors import EncoderError
from models.features import Features
from service.storage.images import is_embedded
from service.storage.projects import count_images
from service.storage.tables import EmbeddingRow, ImageRow, PoolCountRow, ProjectRow


class WaitingImage(NamedTuple):
    """An image that waits for an encoder."""

    id: int
    sha256: str
    project_id: str


def waiting_images(
    session: Session,
    encoder_id: str,
    *,
    after: int = 0,
    until: int | None = None,
    limit: int | None = None,
) -> list[WaitingImage]:
    """Images that it has not seen, of all projects that use it or will, the oldest first.

    From behind the image `after`, and to the image `until` where that is given.
    """
    columns = (ImageRow.id, ImageRow.sha256, ImageRow.project_id)
    query = _pending(encoder_id).with_only_columns(*columns).where(ImageRow.id > after)
    if until is not None:
        query = query.where(ImageRow.id <= until)
    rows = session.execute(query.order_by(ImageRow.id).limit(limit))
    return [WaitingImage(*row) for row in rows]


def pending_among(
    session: Session, encoder_id: str, image_ids: Sequence[int], limit: int
) -> list[ImageRow]:
    """The first of these images that wait for the encoder."""
    found: list[ImageRow] = []
    for start in range(0, len(image_ids), 500):
        some = ImageRow.id.in_(image_ids[start : start + 500])
        query = _pending(encoder_id).where(some).limit(limit - len(found))
        found += session.scalars(query)
        if len(found) >= limit:
            break
    return found


def count_pending(session: Session, encoder_id: str, project_id: str | None = None) -> int:
    """Number of images that the encoder has not embedded, in one project or in all that use it."""
    wanted = or_(ProjectRow.encoder_id == encoder_id, ProjectRow.next_encoder_id == encoder_id)
    projects = session.scalars(select(ProjectRow.id).where(wanted))
    return sum(
        count_images(session, each) - count_images(session, each, embedded_by=encoder_id)
        for each in projects
        if project_id in (None, each)
    )


def add_embeddings(
    session: Session, encoder_id: str, image_ids: Sequence[int], features: Features
) -> None:
    """Keep features (n, dimension), one row an image; those that are there already stay.

    Raises EncoderError where one is not finite: kept, it would fail every request of its project.
    """
    if not np.isfinite(features).all():
        wrong = image_ids[int(np.argmin(np.isfinite(features).all(axis=1)))]
        raise EncoderError(
            f"Encoder '{encoder_id}' gives numbers that are not finite, first for image {wrong}. "
            "Register it again, or give the project another."
        )
    projects = _unseen(session, encoder_id, image_ids)
    rows = [
        {
            "image_id": image_id,
            "project_id": projects[image_id],
            "encoder_id": encoder_id,
            "vector": _to_bytes(vector),
        }
        for image_id, vector in zip(image_ids, features, strict=True)
        if image_id in projects
    ]
    if rows:
        session.execute(insert(EmbeddingRow), rows)


def _unseen(session: Session, encoder_id: str, image_ids: Sequence[int]) -> dict[int, str]:
    """Project of those of the images that are in a pool and that the encoder has not embedded."""
    found: dict[int, str] = {}
    for start in range(0, len(image_ids), 500):
        some = ImageRow.id.in_(image_ids[start : start + 500])
        rows = session.execute(
            select(ImageRow.id, ImageRow.project_id).where(some, ~is_embedded(encoder_id))
        )
        found |= {row[0]: row[1] for row in rows}
    return found


def embeddings_after(
    session: Session, project_id: str, encoder_id: str, last_id: int, limit: int | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64], Features]:
    """The project's first embeddings newer than `last_id`, in the order they came.

    Row ids (n,), image ids (n,), features (n, d).
    """
    rows = session.execute(
        select(EmbeddingRow.id, EmbeddingRow.image_id, EmbeddingRow.vector)
        .where(*_in_pool(project_id, encoder_id), EmbeddingRow.id > last_id)
        .order_by(EmbeddingRow.id)
        .limit(limit)
    ).all()
    vectors = _from_bytes(b"".join(row.vector for row in rows))
    features = vectors.reshape(len(rows), -1) if rows else np.empty((0, 0), np.float32)
    row_ids, image_ids = (
        np.array([row[column] for row in rows], dtype=np.int64) for column in (0, 1)
    )
    return row_ids, image_ids, features


def counts_by_encoder(session: Session, project_id: str) -> dict[str, int]:
    """Number of the project's images that each encoder has embedded."""
    rows = session.execute(
        select(PoolCountRow.encoder_id, PoolCountRow.count).where(
            PoolCountRow.project_id == project_id, PoolCountRow.encoder_id != ""
        )
    )
    return {row[0]: row[1] for row in rows}


def count_embeddings(
    session: Session, project_id: str, encoder_id: str, after: int, limit: int
) -> int:
    """Number of the pool's embeddings with rows behind `after`, counted up to `limit`."""
    found = select(EmbeddingRow.id).where(
        *_in_pool(project_id, encoder_id), EmbeddingRow.id > after
    )
    return session.scalar(select(func.count()).select_from(found.limit(limit).subquery())) or 0


def _in_pool(project_id: str, encoder_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return EmbeddingRow.project_id == project_id, EmbeddingRow.encoder_id == encoder_id


def _pending(encoder_id: str) -> Select[ImageRow]:
    return (
        select(ImageRow)
        .join(ProjectRow, ProjectRow.id == ImageRow.project_id)
        .where(
            or_(ProjectRow.encoder_id == encoder_id, ProjectRow.next_encoder_id == encoder_id),
            ~is_embedded(encoder_id),
        )
    )


def _from_bytes(vectors: bytes) -> Features:
    return np.frombuffer(vectors, dtype="<f4")


def _to_bytes(vector: Features) -> bytes:
    return vector.astype("<f4").tobytes()
