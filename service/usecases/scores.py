"""What a classifier version says of every embedded image of a pool, computed once."""

from collections import OrderedDict, deque
from dataclasses import dataclass, field, fields
from threading import Lock
from typing import Any, Generic, Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from models.features import Features
from models.fitting import FittedHead
from models.image_sources.ahead import map_ahead
from models.threads import threads_for, usable_cores
from service.storage.pools import Pool

# What a core's cache holds of features and of what a head needs in between: more at once is slower.
AT_ONCE = 1024


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


@dataclass
class _Place(Generic[Kind]):
    """The scores of one project, and whose turn it is to bring them up to date."""

    version_id: int = 0
    scores: Kind | None = None
    turn: Lock = field(default_factory=Lock)


class ScoreCache(Generic[Kind]):
    """The scores used last, by project; they hold for one version and one state of the pool."""

    def __init__(self, kind: type[Kind], capacity: int = 16) -> None:
        self._kind: type[Kind] = kind
        self._places: OrderedDict[str, _Place[Kind]] = OrderedDict()
        self._capacity = capacity
        self._lock = Lock()

    def get(self, project_id: str, version_id: int, pool: Pool, head: FittedHead) -> Kind:
        """The scores of this pool by this version's head."""
        place = self._place(project_id)
        with place.turn:
            scores = place.scores if place.version_id == version_id else None
            if scores is None or scores.pool is not pool:
                scores = score(self._kind, pool, head, scores)
                place.version_id, place.scores = version_id, scores
            return scores

    def _place(self, project_id: str) -> _Place[Kind]:
        with self._lock:
            place = self._places.setdefault(project_id, _Place())
            self._places.move_to_end(project_id)
            while len(self._places) > self._capacity:
                self._places.popitem(last=False)
            return place
