"""Rows of embeddings: the truth from which every index is derived."""

from collections.abc import Sequence

import numpy as np
from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from models.features import Features
from service.storage.images import is_embedded
from service.storage.tables import EmbeddingRow, ImageRow, ProjectRow


def pending_images(session: Session, encoder_id: str, limit: int, after: int = 0) -> list[ImageRow]:
    """Images that it has not seen, of all projects that use it or will, the oldest first."""
    query = _pending(encoder_id).where(ImageRow.id > after)
    return list(session.scalars(query.order_by(ImageRow.id).limit(limit)))


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
    query = _pending(encoder_id)
    if project_id is not None:
        query = query.where(ImageRow.project_id == project_id)
    return session.scalar(select(func.count()).select_from(query.subquery())) or 0


def add_embeddings(
    session: Session, encoder_id: str, image_ids: Sequence[int], features: Features
) -> None:
    """Keep features (n, dimension), one row an image; those that are there already stay."""
    kept = select(ImageRow.id).where(ImageRow.id.in_(image_ids), ~is_embedded(encoder_id))
    wanted = set(session.scalars(kept))
    session.add_all(
        EmbeddingRow(image_id=image_id, encoder_id=encoder_id, vector=_to_bytes(vector))
        for image_id, vector in zip(image_ids, features, strict=True)
        if image_id in wanted
    )


def embeddings_after(
    session: Session, project_id: str, encoder_id: str, last_id: int
) -> tuple[list[int], list[int], Features]:
    """The project's embeddings newer than `last_id`: row ids, image ids, features (n, d)."""
    rows = session.execute(
        select(EmbeddingRow.id, EmbeddingRow.image_id, EmbeddingRow.vector)
        .join(ImageRow, ImageRow.id == EmbeddingRow.image_id)
        .where(
            ImageRow.project_id == project_id,
            EmbeddingRow.encoder_id == encoder_id,
            EmbeddingRow.id > last_id,
        )
        .order_by(EmbeddingRow.id)
    ).all()
    vectors = _from_bytes(b"".join(row.vector for row in rows))
    features = vectors.reshape(len(rows), -1) if rows else np.empty((0, 0), np.float32)
    return [row.id for row in rows], [row.image_id for row in rows], features


def features_of(session: Session, encoder_id: str, image_ids: Sequence[int]) -> dict[int, Features]:
    """The feature (dimension,) of each of these images that the encoder has embedded."""
    found: dict[int, Features] = {}
    for start in range(0, len(image_ids), 500):
        some = EmbeddingRow.image_id.in_(image_ids[start : start + 500])
        rows = select(EmbeddingRow).where(EmbeddingRow.encoder_id == encoder_id, some)
        found |= {row.image_id: _from_bytes(row.vector) for row in session.scalars(rows)}
    return found


def counts_by_encoder(session: Session, project_id: str) -> dict[str, int]:
    """Number of the project's images that each encoder has embedded."""
    rows = session.execute(
        select(EmbeddingRow.encoder_id, func.count())
        .join(ImageRow, ImageRow.id == EmbeddingRow.image_id)
        .where(ImageRow.project_id == project_id)
        .group_by(EmbeddingRow.encoder_id)
    )
    return {row[0]: row[1] for row in rows}


def count_embeddings(session: Session, project_id: str, encoder_id: str) -> int:
    """Number of the project's images that the encoder has embedded."""
    query = (
        select(func.count())
        .select_from(EmbeddingRow)
        .join(ImageRow, ImageRow.id == EmbeddingRow.image_id)
        .where(ImageRow.project_id == project_id, EmbeddingRow.encoder_id == encoder_id)
    )
    return session.scalar(query) or 0


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
