"""A project's embeddings as they are searched: a mapped index, and in memory what is newer."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.features import Features, normalise
from models.search.feature_rows import FeatureRows
from models.search.near_rows import Rows, nearest_rows, ranked
from models.search.vector_index import Selection
from service.storage.segments import Segment
from service.storage.tail import Tail

# Up to so many rows of a segment are compared one by one, in a few milliseconds.
EXACT = 16_384


@dataclass(frozen=True)
class Pool:
    """What one encoder says of one project's images at one moment; never changed, only replaced.

    Its rows are those of the segment, less the removed ones (rows of the segment, ascending), and
    behind them the tail's. Embeddings up to one row id, and removals up to another, are in it.
    """

    encoder_id: str
    tail: Tail = field(default_factory=Tail.empty)
    segment: Segment | None = None
    removed: Rows = field(default_factory=lambda: np.empty(0, np.int64))
    last_embedding_id: int = 0
    last_removal_id: int = 0

    @classmethod
    def of_segment(cls, segment: Segment) -> "Pool":
        """The pool as it was when the segment was written."""
        made = segment.manifest
        return cls(
            made.encoder_id,
            segment=segment,
            last_embedding_id=made.last_embedding_id,
            last_removal_id=made.last_removal_id,
        )

    def followed(
        self,
        last_embedding_id: int,
        added: tuple[Rows, Features],
        last_removal_id: int,
        gone: Rows,
    ) -> "Pool":
        """The pool after more images (ids and raw features) came, and then some were deleted."""
        tail, removed = self.tail.with_more(*added), self.removed
        if len(gone):
            tail = tail.without(gone)
            removed = np.union1d(removed, self._segment_rows(gone))
        return replace(
            self,
            tail=tail,
            removed=removed,
            last_embedding_id=last_embedding_id,
            last_removal_id=last_removal_id,
        )

    def __len__(self) -> int:
        return self._mapped + len(self.tail)

    @cached_property
    def image_ids(self) -> NDArray[np.int64]:
        """(n,) by row."""
        if self.segment is None:
            return self.tail.image_ids
        ids = np.delete(self.segment.image_ids, self.removed)
        return np.concatenate([ids, self.tail.image_ids])

    @cached_property
    def features(self) -> FeatureRows:
        """Normalised features (n, dimension), read by rows: `pool.features[rows]`."""
        if self.segment is None:
            return FeatureRows(self.tail.directions)
        kept = None
        if len(self.removed):
            behind = np.arange(len(self.tail)) + len(self.segment)
            kept = np.concatenate([self._kept, behind])
        return FeatureRows(self.segment.features, self.tail.directions, kept=kept)

    def row_of(self, image_id: int) -> int | None:
        """The image's row; None where it is not embedded."""
        rows = self.rows_of([image_id])
        return int(rows[0]) if len(rows) else None

    def rows_of(self, image_ids: Sequence[int] | NDArray[np.int64]) -> Rows:
        """Rows of those of the images that are embedded, in the order given."""
        rows = self.find_rows(np.asarray(image_ids, dtype=np.int64))
        return rows[rows >= 0]

    def find_rows(self, image_ids: NDArray[np.int64]) -> Rows:
        """(m,) the row of each of these images, -1 where it is not embedded."""
        rows = self.tail.lookup.find(image_ids)
        rows = np.where(rows >= 0, rows + self._mapped, -1)
        if self.segment is None:
            return rows
        there = self.segment.lookup.find(image_ids)
        there[np.isin(there, self.removed)] = -1
        return np.where(there >= 0, there - np.searchsorted(self.removed, there), rows)

    def nearest(
        self, queries: Features, count: int, among: Rows | None = None
    ) -> tuple[NDArray[np.int64], Features]:
        """Image ids and cosine similarities (m, <= count) of the nearest images, best first.

        `queries` (m, dimension) are raw features; `among` limits the search to these rows. Among
        few, and in a pool without an index, these are the nearest; else nearly all of them are.
        The similarities are exact always.
        """
        count = min(count, len(self) if among is None else len(among))
        if count == 0:
            return np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32)
        directions = normalise(queries)
        parts = []
        if self.segment is not None:
            parts.append(self._nearest_mapped(self.segment, directions, count, among))
        if len(self.tail):
            parts.append(self._nearest_newer(directions, count, among))
        rows, cosines = (np.concatenate(part, axis=1) for part in zip(*parts, strict=True))
        rows, cosines = ranked(rows, cosines, count)
        return self.image_ids[rows], cosines

    @property
    def bytes_held(self) -> int:
        """Roughly what it takes in memory, less what is mapped."""
        return self.tail.bytes_held + 16 * len(self)

    def _nearest_mapped(
        self, segment: Segment, directions: Features, count: int, among: Rows | None
    ) -> tuple[Rows, Features]:
        """Rows of the pool, of those that are mapped, and their cosines."""
        some: Rows | Selection | None = None
        if among is not None:
            some = self._kept[among[among < self._mapped]]
            if len(some) > EXACT:
                some = segment.index.select(some)
        elif len(self.removed):
            some = self._all_kept
        rows, cosines = segment.nearest(directions, count, some)
        return rows - np.searchsorted(self.removed, rows), cosines

    def _nearest_newer(
        self, directions: Features, count: int, among: Rows | None
    ) -> tuple[Rows, Features]:
        """Rows of the pool, of those in memory, and their cosines."""
        if among is None:
            count = min(count, len(self.tail))
            rows, cosines = nearest_rows(directions, self.tail.directions, count)
            return rows + self._mapped, cosines
        among = among[among >= self._mapped]
        vectors = self.tail.directions[among - self._mapped]
        rows, cosines = nearest_rows(directions, vectors, min(count, len(among)))
        return among[rows], cosines

    def _segment_rows(self, image_ids: NDArray[np.int64]) -> Rows:
        if self.segment is None:
            return np.empty(0, np.int64)
        rows = self.segment.lookup.find(image_ids)
        return np.asarray(rows[rows >= 0], dtype=np.int64)

    @property
    def _mapped(self) -> int:
        """How many rows are the segment's."""
        return len(self.segment) - len(self.removed) if self.segment else 0

    @cached_property
    def _kept(self) -> Rows:
        """Rows of the segment that are left."""
        return np.delete(np.arange(len(self.segment) if self.segment else 0), self.removed)

    @cached_property
    def _all_kept(self) -> Selection:
        assert self.segment is not None  # noqa: S101  it is from one that something was removed
        return self.segment.index.select(self._kept)
