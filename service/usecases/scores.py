"""What a classifier version says of every embedded image of a pool, computed once."""

from collections import OrderedDict, deque
from dataclasses import dataclass, fields
from threading import Lock
from typing import Any, Generic, Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from models.features import Features
from models.fitting import FittedHead
from models.image_sources.ahead import map_ahead
from models.threads import threads_for, usable_cores
from service.storage.pools import Pool
from service.usecases.turns import Turns

# What a core's cache holds of features and of what a head needs in between: more at once is slower.
AT_ONCE = 1024
# Of a project: requests that still ask for the version before shall not drive out the present one.
VERSIONS = 2


@dataclass(frozen=True)
class Answers:
    """What a head says of n images, row by row, in a size that does not grow with the classes.

    best, second: (n,) columns of `classes`, those of the likeliest classes, the same where there
    is but one; confidence: (n,) probability of the best; margin: (n,) its lead over the second, 1
    where there is one class; unknown: (n,).
    """

    classes: list[str]
    best: NDArray[np.int32]
    second: NDArray[np.int32]
    confidence: NDArray[np.float32]
    margin: NDArray[np.float32]
    unknown: NDArray[np.bool_]


@dataclass(frozen=True)
class Scores:
    """The likeliest classes of all images of a pool, in the order of its rows; as `Answers`."""

    pool: Pool
    classes: list[str]
    best: NDArray[np.int32]
    second: NDArray[np.int32]
    confidence: NDArray[np.float32]
    margin: NDArray[np.float32]

    @classmethod
    def room_for(cls, pool: Pool, head: FittedHead) -> Self:
        """Those that are to be filled."""
        return cls(
            pool,
            classes=[str(name) for name in head.classes_],
            best=np.empty(len(pool), np.int32),
            second=np.empty(len(pool), np.int32),
            confidence=np.empty(len(pool), np.float32),
            margin=np.empty(len(pool), np.float32),
        )

    @staticmethod
    def columns(features: Features, head: FittedHead) -> "Columns":
        """What stands in the columns for raw features (n, dimension)."""
        return _likeliest(features, head)

    def predicted_as(self, class_id: str) -> NDArray[np.bool_]:
        """(n,) whether the class is an image's likeliest."""
        if class_id not in self.classes:
            return np.zeros(len(self.best), np.bool_)
        return np.asarray(self.best == self.classes.index(class_id))


@dataclass(frozen=True)
class Strangers:
    """Which images of a pool are unknown (n,), in the order of its rows.

    Apart from the scores: it costs more than all of them, and few lists ask for it.
    """

    pool: Pool
    unknown: NDArray[np.bool_]

    @classmethod
    def room_for(cls, pool: Pool, _head: FittedHead) -> Self:
        """Those that are to be filled."""
        return cls(pool, np.empty(len(pool), np.bool_))

    @staticmethod
    def columns(features: Features, head: FittedHead) -> "Columns":
        """What stands in the column for raw features (n, dimension)."""
        return {"unknown": head.is_unknown(features)}


Columns: TypeAlias = dict[str, NDArray[Any]]
Kind = TypeVar("Kind", Scores, Strangers)


def score_features(features: Features, head: FittedHead) -> Answers:
    """What a head says of raw features (n, dimension), few enough to be looked at in one go."""
    classes = [str(name) for name in head.classes_]
    return Answers(classes, **_likeliest(features, head), unknown=head.is_unknown(features))


def _likeliest(features: Features, head: FittedHead) -> Columns:
    probabilities = head.predict_proba(features)
    rows = np.arange(len(features))
    best = probabilities.argmax(axis=1)
    confidence = probabilities[rows, best]
    probabilities[rows, best] = -np.inf
    second = probabilities.argmax(axis=1)
    margin = confidence - probabilities[rows, second] if len(head.classes_) > 1 else confidence
    return {
        "best": best.astype(np.int32),
        "second": second.astype(np.int32),
        "confidence": confidence.astype(np.float32),
        "margin": margin.astype(np.float32),
    }


def score_many(features: Features, head: FittedHead) -> Answers:
    """The same of any number of raw features (n, dimension), n >= 1, a few at a time."""
    parts = [
        score_features(features[start : start + AT_ONCE], head)
        for start in range(0, len(features), AT_ONCE)
    ]
    return Answers(
        classes=parts[0].classes,
        best=np.concatenate([part.best for part in parts]),
        second=np.concatenate([part.second for part in parts]),
        confidence=np.concatenate([part.confidence for part in parts]),
        margin=np.concatenate([part.margin for part in parts]),
        unknown=np.concatenate([part.unknown for part in parts]),
    )


def score(kind: type[Kind], pool: Pool, head: FittedHead, known: Kind | None = None) -> Kind:
    """Score a whole pool with a head fitted on features of the same encoder, on all cores.

    known: what this head said of another state of the pool, whose images are not looked at again.
    """
    scores = kind.room_for(pool, head)
    left = np.arange(len(pool)) if known is None else _copied(known, scores)

    def look(rows: NDArray[np.int64]) -> None:
        for name, column in kind.columns(pool.features[rows], head).items():
            getattr(scores, name)[rows] = column

    parts = (left[start : start + AT_ONCE] for start in range(0, len(left), AT_ONCE))
    threads = usable_cores() if len(left) > AT_ONCE else 1
    with threads_for(0):  # a product's threads would only be in the way of these
        deque(map_ahead(look, parts, threads), maxlen=0)
    return scores


def _copied(known: Kind, scores: Kind) -> NDArray[np.int64]:
    """Take over what is known; the rows of which nothing is."""
    rows = known.pool.find_rows(scores.pool.image_ids)
    there = np.flatnonzero(rows >= 0)
    for each in fields(scores):
        if each.name not in ("pool", "classes"):
            getattr(scores, each.name)[there] = getattr(known, each.name)[rows[there]]
    return np.flatnonzero(rows < 0)


class ScoreCache(Generic[Kind]):
    """The scores used last, by project; they hold for one version and one state of the pool."""

    def __init__(self, kind: type[Kind], turns: Turns, capacity: int = 16) -> None:
        self._kind: type[Kind] = kind
        self._turns = turns
        self._places: OrderedDict[str, OrderedDict[int, Kind]] = OrderedDict()
        self._capacity = capacity
        self._lock = Lock()

    def get(self, project_id: str, version_id: int, pool: Pool, head: FittedHead) -> Kind:
        """The scores of this pool by this version's head.

        Raises Unavailable where they are not there yet and too many wait for scores already.
        """
        known = self._find(project_id, version_id)
        if known is not None and known.pool is pool:
            return known
        with self._turns.take():
            known = self._find(project_id, version_id)  # another may have been at it meanwhile
            if known is None or known.pool is not pool:
                known = score(self._kind, pool, head, known)
                self._keep(project_id, version_id, known)
            return known

    def _find(self, project_id: str, version_id: int) -> Kind | None:
        with self._lock:
            return self._place(project_id).get(version_id)

    def _keep(self, project_id: str, version_id: int, scores: Kind) -> None:
        with self._lock:
            place = self._place(project_id)
            place[version_id] = scores
            place.move_to_end(version_id)
            while len(place) > VERSIONS:
                place.popitem(last=False)

    def _place(self, project_id: str) -> OrderedDict[int, Kind]:
        place = self._places.setdefault(project_id, OrderedDict())
        self._places.move_to_end(project_id)
        while len(self._places) > self._capacity:
            self._places.popitem(last=False)
        return place
