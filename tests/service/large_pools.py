"""Pools with embeddings that no encoder made, as many as a test needs."""

import time
from pathlib import Path

import numpy as np
from sqlalchemy import insert, select

from models.features import Features
from service.storage.embeddings import add_embeddings
from service.storage.indexes import note_removals
from service.storage.pool_cache import Pools
from service.storage.pools import Pool
from service.storage.projects import get_project
from service.storage.tables import ImageRow, IndexRow
from service.usecases.context import Context
from service.usecases.index_building import build_index

DIMENSION = 32


def encoder_of(context: Context, project_id: str = "default") -> str:
    """The project's encoder."""
    with context.database.read() as session:
        return str(get_project(session, project_id).encoder_id)


def fill(context: Context, count: int, seed: int = 0, project_id: str = "default") -> list[int]:
    """Enter so many images with random embeddings; their ids."""
    names = [f"{seed}-{number}" for number in range(count)]
    features = random_features(count, seed)
    with context.database.write() as session:
        session.execute(
            insert(ImageRow),
            [
                {
                    "project_id": project_id,
                    "sha256": name,
                    "filename": name,
                    "width": 1,
                    "height": 1,
                }
                for name in names
            ],
        )
        found = session.execute(
            select(ImageRow.id)
            .where(ImageRow.project_id == project_id)
            .order_by(ImageRow.id.desc())
        )
        ids = sorted(row[0] for row in found.fetchmany(count))
        encoder_id = str(get_project(session, project_id).encoder_id)
        add_embeddings(session, encoder_id, ids, features)
    return ids


def random_features(count: int, seed: int) -> Features:
    """Raw features (count, DIMENSION)."""
    return np.random.default_rng(seed).normal(size=(count, DIMENSION)).astype(np.float32)


def remove(context: Context, *image_ids: int, project_id: str = "default") -> None:
    """Take images out of their pool."""
    with context.database.write() as session:
        note_removals(session, project_id, list(image_ids))
        for image_id in image_ids:
            session.delete(session.get_one(ImageRow, image_id))


def index_now(context: Context, project_id: str = "default") -> None:
    """Build the next version of the project's index."""
    build_index(context, project_id, encoder_of(context, project_id), lambda *_: None)


def load(context: Context, pools: Pools | None = None, project_id: str = "default") -> Pool:
    """The project's pool as one process sees it."""
    with context.database.read() as session:
        pools = pools or context.pools
        return pools.get(session, project_id, encoder_of(context, project_id))


def settled(context: Context) -> Pool:
    """The pool of a process once it has opened the newest version."""
    newest = versions(context)[-1].name
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        pool = load(context)
        if pool.segment is not None and pool.segment.name == newest:
            return pool
        time.sleep(0.02)
    raise AssertionError("the newest version was not taken up")


def versions(context: Context) -> list[IndexRow]:
    """Rows of all index versions, the oldest first."""
    with context.database.read() as session:
        return list(session.scalars(select(IndexRow).order_by(IndexRow.id)))


def folders(context: Context) -> list[Path]:
    """Folders of all index versions and drafts."""
    return sorted(context.settings.indexes_dir.glob("*/*/*"))
