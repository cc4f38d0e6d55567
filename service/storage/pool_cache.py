"""The pools in use, each brought up to date with the database when it is asked for."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from time import monotonic

import structlog
from sqlalchemy.orm import Session

from service.storage.embeddings import embeddings_after
from service.storage.indexes import newest_versions, place_of, removals_after
from service.storage.pools import Pool
from service.storage.projects import get_project
from service.storage.segments import (
    DamagedSegment,
    Manifest,
    Segment,
    SegmentPlace,
    SegmentShelf,
    UnreachableSegment,
)
from service.storage.tables import IndexRow, ProjectRow

# Memory that pools other than the one asked for may keep.
MOST_BYTES = 2**30
# Until a version that could not be fetched is tried again.
REST_SECONDS = 60.0
# Embeddings that are read in one go: rows take several times the memory of their features.
AT_ONCE = 8_192
log = structlog.get_logger()


@dataclass
class _Place:
    """One pool, the versions that are being opened for it, and whose turn it is to follow it."""

    pool: Pool
    project_made_at: datetime
    opening: dict[str, Future[Segment]] = field(default_factory=dict)
    turn: Lock = field(default_factory=Lock)


class Pools:
    """What this process knows of pools. It costs three look-ups to see that nothing is new.

    A new version of an index is opened beside the pool in use, and taken when that is done.
    """

    def __init__(self, shelf: SegmentShelf) -> None:
        self._shelf = shelf
        self._places: OrderedDict[tuple[str, str], _Place] = OrderedDict()
        self._lock = Lock()
        self._opener = ThreadPoolExecutor(1, thread_name_prefix="index")
        self._damaged: set[str] = set()
        self._resting: dict[str, float] = {}

    def get(self, session: Session, project_id: str, encoder_id: str) -> Pool:
        """The project's pool as the session sees it, or a newer one. Raises NotFound."""
        with self._turn(session, project_id, encoder_id) as place:
            pool = _followed(self._on_newest(session, project_id, place), session, project_id)
            place.pool = pool
        self._make_room()
        return pool  # by now the place may have one that an older session saw

    def forget_others(self, projects: Mapping[str, datetime]) -> None:
        """Let go of the pools of projects that are none of these, by id with when they were made.

        What is mapped takes room on the disk though its folder is deleted.
        """
        with self._lock:
            for key, place in list(self._places.items()):
                if projects.get(key[0]) != place.project_made_at:
                    del self._places[key]

    @property
    def damaged(self) -> list[str]:
        """Names of versions that could not be opened."""
        return sorted(self._damaged)

    def close(self) -> None:
        """Wait for what is being opened."""
        self._opener.shutdown()

    @contextmanager
    def _turn(self, session: Session, project_id: str, encoder_id: str) -> Iterator[_Place]:
        project = get_project(session, project_id)
        key = (project_id, encoder_id)
        with self._lock:
            place = self._places.get(key)
            if place is None or _is_past(place, project):
                pool = Pool(encoder_id, last_removal_id=project.removals_forgotten)
                place = self._places[key] = _Place(pool, project.created_at)
            self._places.move_to_end(key)
        with place.turn:
            yield place

    def _on_newest(self, session: Session, project_id: str, place: _Place) -> Pool:
        """The pool, or what the newest index says of it, where that can be opened."""
        pool = place.pool
        versions = newest_versions(session, project_id, pool.encoder_id)
        names = {version.name for version in versions}
        # What was opened and then replaced is let go: its files take room as long as it is mapped.
        place.opening = {name: each for name, each in place.opening.items() if name in names}
        for version in versions:
            if pool.segment and _moment(version) <= _moment(pool.segment.manifest):
                return pool
            segment = self._opened(place, version)
            if segment is not None:
                return Pool.of_segment(segment)
        return pool

    def _opened(self, place: _Place, version: IndexRow) -> Segment | None:
        """The version, where it can be opened; None while there is a pool to use meanwhile."""
        name = version.name
        if name in self._damaged or monotonic() < self._resting.get(name, 0):
            return None
        if name not in place.opening:
            place.opening[name] = self._opener.submit(_open, self._shelf, place_of(version))
        if place.pool.last_embedding_id and not place.opening[name].done():
            return None
        try:
            return place.opening.pop(name).result()
        except DamagedSegment as error:
            self._damaged.add(name)
            log.warning("index_damaged", version=version.id, error=str(error))
        except UnreachableSegment as error:
            self._resting[name] = monotonic() + REST_SECONDS
            log.warning("index_unreachable", version=version.id, error=str(error))
        return None

    def _make_room(self) -> None:
        """Forget the pools that were not asked for the longest, where all are too large."""
        with self._lock:
            held = sum(place.pool.bytes_held for place in self._places.values())
            while held > MOST_BYTES and len(self._places) > 1:
                _, forgotten = self._places.popitem(last=False)
                held -= forgotten.pool.bytes_held


def _is_past(place: _Place, project: ProjectRow) -> bool:
    """Whether the place cannot be followed any more.

    A project of the same name that was made after this one was deleted has other images; and of
    removals that were forgotten since, nobody can tell which images they took.
    """
    other = place.project_made_at != project.created_at
    return other or place.pool.last_removal_id < project.removals_forgotten


def _open(shelf: SegmentShelf, place: SegmentPlace) -> Segment:
    segment = shelf.open(place)
    _ = segment.lookup, segment.index.list_of  # made now, not while a request waits
    return segment


def _moment(version: IndexRow | Manifest) -> tuple[int, int]:
    """Grows from version to version; the last embedding alone may go with its image."""
    return version.last_removal_id, version.last_embedding_id


def _followed(pool: Pool, session: Session, project_id: str) -> Pool:
    """The pool with the embeddings and without the images that came and went since."""
    last_removal_id, gone = removals_after(session, project_id, pool.last_removal_id)
    while True:
        row_ids, image_ids, features = embeddings_after(
            session, project_id, pool.encoder_id, pool.last_embedding_id, AT_ONCE
        )
        if not len(row_ids) and not len(gone):
            return pool
        last_embedding_id = int(row_ids[-1]) if len(row_ids) else pool.last_embedding_id
        pool = pool.followed(last_embedding_id, (image_ids, features), last_removal_id, gone)
        if len(row_ids) < AT_ONCE:
            return pool
        gone = gone[:0]  # what is deleted comes no more
