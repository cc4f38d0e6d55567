"""The counts that the database keeps are those of its rows, whatever came and went."""

import numpy as np
from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from service.storage.embeddings import add_embeddings, counts_by_encoder
from service.storage.projects import count_images
from service.storage.tables import EmbeddingRow, EncoderRow, ImageRow, ProjectRow
from service.usecases.context import Context


def add_images(session: Session, project_id: str, names: list[str]) -> list[int]:
    rows = [
        {"project_id": project_id, "sha256": name, "filename": name, "width": 1, "height": 1}
        for name in names
    ]
    session.execute(insert(ImageRow), rows)
    of_project = select(ImageRow.id).where(ImageRow.project_id == project_id)
    return list(session.scalars(of_project.order_by(ImageRow.id)))


def rows_of(session: Session, project_id: str) -> tuple[int, dict[str, int]]:
    """What the tables hold: images, and embeddings by encoder."""
    images = select(func.count()).where(ImageRow.project_id == project_id)
    embedded = select(EmbeddingRow.encoder_id, func.count()).group_by(EmbeddingRow.encoder_id)
    counts = session.execute(embedded.where(EmbeddingRow.project_id == project_id))
    return session.scalar(images) or 0, {row[0]: row[1] for row in counts}


def kept(session: Session, project_id: str) -> tuple[int, dict[str, int]]:
    """The same from the counts."""
    by_encoder = counts_by_encoder(session, project_id)
    return count_images(session, project_id), {e: n for e, n in by_encoder.items() if n}


def test_counts_follow_images_and_embeddings_that_come_and_go(context: Context) -> None:
    database = context.database
    with database.write() as session:
        first = session.scalars(select(EncoderRow.id)).one()
        session.add(EncoderRow(id="second", source="x", manifest={}))
        session.add(ProjectRow(id="other", name="Other"))
        session.flush()
        ids = add_images(session, "default", [f"{i:02d}" for i in range(20)])
        others = add_images(session, "other", ["a", "b", "c"])
        add_embeddings(session, first, ids + others, np.zeros((23, 4), np.float32))
        add_embeddings(session, "second", ids[:7], np.zeros((7, 4), np.float32))
    with database.read() as session:
        assert kept(session, "default") == (20, {first: 20, "second": 7})
        assert kept(session, "other") == (3, {first: 3})
    with database.write() as session:
        session.execute(delete(ImageRow).where(ImageRow.id.in_(ids[5:9])))
        session.delete(session.get_one(ImageRow, ids[0]))
        session.execute(delete(EmbeddingRow).where(EmbeddingRow.image_id == ids[1]))
    with database.read() as session:
        assert kept(session, "default") == rows_of(session, "default")
        assert kept(session, "default") == (15, {first: 14, "second": 3})


def test_what_is_rolled_back_is_not_counted(context: Context) -> None:
    with context.database.write() as session:
        add_images(session, "default", ["a"])
        with session.begin_nested() as inner:
            add_images(session, "default", ["b", "c"])
            inner.rollback()
    with context.database.read() as session:
        assert kept(session, "default")[0] == 1


def test_a_project_of_the_same_name_begins_at_nothing(context: Context) -> None:
    for _ in range(2):
        with context.database.write() as session:
            session.add(ProjectRow(id="again", name="Again"))
            session.flush()
            add_images(session, "again", ["a", "b"])
        with context.database.read() as session:
            assert count_images(session, "again") == 2
        with context.database.write() as session:
            session.delete(session.get_one(ProjectRow, "again"))
    with context.database.read() as session:
        assert count_images(session, "again") == 0
