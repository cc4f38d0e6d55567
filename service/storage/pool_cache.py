"""The pools in use, each brought up to date with the database when it is asked for."""

from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

import structlog
from sqlalchemy.orm import Session

from service.storage.embeddings import embeddings_after
from service.storage.indexes import newest_versions, place_of, removals_after
from service.storage.pools import Pool
from service.storage.projects import get_project
from service.storage.segments import DamagedSegment, Segment, SegmentPlace, SegmentShelf
from service.storage.tables import IndexRow

# Memory that pools other than the one asked for may keep.
MOST_BYTES = 2**30
log = structlog.get_logger()


@dataclass
class _Place:
    """One pool, and whose turn it is to bring it up to date."""

    pool: Pool
    project_made_at: datetime
    turn: Lock = field(default_factory=Lock)


class Pools:
    """What this process knows of pools. It costs three look-ups to see that nothing is new.

    A new version of an index is opened beside the pool in use, and taken when that is done.
    """

    def __init__(self, shelf: SegmentShelf) -> None:
        self._shelf = shelf
        self._places: OrderedDict[tuple[str, str], _Place] = OrderedDict()
        self._lock = Lock()
        self._opening: dict[str, Future[Segment]] = {}
        self._opener = ThreadPoolExecutor(1, thread_name_prefix="index")
        self._damaged: set[str] = set()

    def get(self, session: Session, project_id: str, encoder_id: str) -> Pool:
        """The project's pool as the session sees it, or a newer one. Raises NotFound."""
        with self._turn(session, project_id, encoder_id) as place:
            pool = self._on_newest(session, project_id, place.pool)
            place.pool = _followed(pool, session, project_id)
        self._make_room()
        return place.pool

    @property
    def damaged(self) -> list[str]:
        """Names of versions that could not be opened."""
        return sorted(self._damaged)

    def close(self) -> None:
        """Wait for what is being opened."""
        self._opener.shutdown()

    @contextmanager
    def _turn(self, session: Session, project_id: str, encoder_id: str) -> Iterator[_Place]:
        made_at = get_project(session, project_id).created_at
        key = (project_id, encoder_id)
        with self._lock:
            place = self._places.get(key)
            # A project of the same name that was made after this one was deleted has other images.
            if place is None or place.project_made_at != made_at:
                place = self._places[key] = _Place(Pool(encoder_id), made_at)
            self._places.move_to_end(key)
        with place.turn:
            yield place

    def _on_newest(self, session: Session, project_id: str, pool: Pool) -> Pool:
        """The pool, or what the newest index says of it, where that can be opened."""
        for version in newest_versions(session, project_id, pool.encoder_id):
            if version.last_embedding_id <= _written_until(pool):
                return pool
            segment = self._opened(version, wait=not pool.last_embedding_id)
            if segment is not None:
                return Pool.of_segment(segment)
        return pool

    def _opened(self, version: IndexRow, *, wait: bool) -> Segment | None:
        if version.name in self._damaged:
            return None
        with self._lock:
            opening = self._opening.get(version.name)
            if opening is None:
                opening = self._opener.submit(_open, self._shelf, place_of(version))
                self._opening[version.name] = opening
        if not wait and not opening.done():
            return None
        try:
            segment = opening.result()
        except DamagedSegment as error:
            self._damaged.add(version.name)
            log.warning("index_damaged", version=version.id, error=str(error))
            segment = None
        self._opening.pop(version.name, None)
        return segment

    def _make_room(self) -> None:
        """Forget the pools that were not asked for the longest, where all are too large."""
        with self._lock:
            held = sum(place.pool.bytes_held for place in self._places.values())
            while held > MOST_BYTES and len(self._places) > 1:
                _, forgotten = self._places.popitem(last=False)
                held -= forgotten.pool.bytes_held


def _open(shelf: SegmentShelf, place: SegmentPlace) -> Segment:
    segment = shelf.open(place)
    _ = segment.lookup, segment.index.list_of  # made now, not while a request waits
    return segment


def _written_until(pool: Pool) -> int:
    return pool.segment.manifest.last_embedding_id if pool.segment else 0


def _followed(pool: Pool, session: Session, project_id: str) -> Pool:
    """The pool with the embeddings and without the images that came and went since."""
    row_ids, image_ids, features = embeddings_after(
        session, project_id, pool.encoder_id, pool.last_embedding_id
    )
    last_removal_id, gone = removals_after(session, project_id, pool.last_removal_id)
    if not len(row_ids) and not len(gone):
        return pool
    last_embedding_id = int(row_ids[-1]) if len(row_ids) else pool.last_embedding_id
    return pool.followed(last_embedding_id, (image_ids, features), last_removal_id, gone)
