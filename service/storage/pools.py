"""A project's embeddings in memory with a FAISS index over them, derived from the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock

import faiss
import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from models.feature_rows import FeatureRows
from models.features import Features, normalise
from service.storage.embeddings import count_embeddings, embeddings_after


@dataclass(frozen=True)
class Pool:
    """What one encoder says of one project's images at one moment; never changed, only replaced.

    `features` are the encoder's raw features (n, dimension), row by row those of `image_ids` (n);
    they are read by rows, `pool.features[rows]`: all of them at once may be too many.
    """

    encoder_id: str
    image_ids: NDArray[np.int64]
    features: FeatureRows
    last_row_id: int

    def __len__(self) -> int:
        return len(self.image_ids)

    def row_of(self, image_id: int) -> int | None:
        """The image's row; None where it is not embedded."""
        rows = self.rows_of([image_id])
        return int(rows[0]) if len(rows) else None

    def rows_of(self, image_ids: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
        """Rows of those of the images that are embedded, in the order given."""
        wanted = np.asarray(image_ids, dtype=np.int64)
        if not len(self):
            return np.empty(0, np.int64)
        places = np.searchsorted(self.image_ids, wanted, sorter=self._by_image)
        rows = self._by_image[np.minimum(places, len(self) - 1)]
        return np.asarray(rows[self.image_ids[rows] == wanted])

    @cached_property
    def _by_image(self) -> NDArray[np.int64]:
        """Rows in the order of their images' ids."""
        return np.argsort(self.image_ids, kind="stable")

    def nearest(
        self, queries: Features, count: int, among: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.int64], Features]:
        """Image ids and cosine similarities (m, <= count) of the nearest images, best first.

        `queries` (m, dimension) are raw features; `among` limits the search to these rows.
        """
        count = min(count, len(self) if among is None else len(among))
        if count == 0:
            return np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32)
        limits = None
        if among is not None:
            limits = faiss.SearchParameters(sel=faiss.IDSelectorBatch(among))  # type: ignore[call-arg]
        similarities, rows = self._index.search(normalise(queries), count, params=limits)
        return self.image_ids[rows], similarities

    @cached_property
    def _index(self) -> faiss.IndexFlatIP:
        index = faiss.IndexFlatIP(self.features.shape[1])
        index.add(normalise(self.features[:]))
        return index


class Pools:
    """The pools in use, each brought up to date with the database when it is asked for."""

    def __init__(self) -> None:
        self._pools: dict[tuple[str, str], Pool] = {}
        self._lock = Lock()

    def get(self, session: Session, project_id: str, encoder_id: str) -> Pool:
        """The project's pool as the session sees it."""
        with self._lock:
            known = self._pools.get((project_id, encoder_id)) or _empty(encoder_id)
            pool = _updated(known, session, project_id)
            self._pools[project_id, encoder_id] = pool
            return pool


def _empty(encoder_id: str) -> Pool:
    return Pool(encoder_id, np.empty(0, np.int64), FeatureRows(), 0)


def _updated(pool: Pool, session: Session, project_id: str) -> Pool:
    count = count_embeddings(session, project_id, pool.encoder_id)
    newer = _extended(pool, session, project_id)
    if len(newer) != count:  # images were removed, or rows became visible out of order
        newer = _extended(_empty(pool.encoder_id), session, project_id)
    return newer


def _extended(pool: Pool, session: Session, project_id: str) -> Pool:
    row_ids, image_ids, features = embeddings_after(
        session, project_id, pool.encoder_id, pool.last_row_id
    )
    if not len(row_ids):
        return pool
    return Pool(
        pool.encoder_id,
        np.concatenate([pool.image_ids, image_ids]),
        FeatureRows(np.concatenate([pool.features[:], features]) if len(pool) else features),
        int(row_ids[-1]),
    )
