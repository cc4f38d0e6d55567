"""What a classifier version says of every embedded image of a pool, computed once."""

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from models.features import Features
from models.fitting import FittedHead
from service.storage.pools import Pool

# What a head needs in between for one image is several times the image's feature.
AT_ONCE = 4096
COLUMNS = ("best", "second", "confidence", "margin", "unknown")


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
class Scores(Answers):
    """The answers for all images of a pool, in the order of its rows."""

    pool: Pool

    def predicted_as(self, class_id: str) -> NDArray[np.bool_]:
        """(n,) whether the class is an image's likeliest."""
        if class_id not in self.classes:
            return np.zeros(len(self.best), np.bool_)
        return np.asarray(self.best == self.classes.index(class_id))


def score_features(features: Features, head: FittedHead) -> Answers:
    """What a head says of raw features (n, dimension), few enough to be looked at in one go."""
    probabilities = head.predict_proba(features)
    rows = np.arange(len(features))
    best = probabilities.argmax(axis=1)
    others = probabilities.copy()
    others[rows, best] = -np.inf
    second = others.argmax(axis=1)
    confidence = probabilities[rows, best]
    margin = confidence - probabilities[rows, second] if len(head.classes_) > 1 else confidence
    return Answers(
        classes=[str(name) for name in head.classes_],
        best=best.astype(np.int32),
        second=second.astype(np.int32),
        confidence=confidence.astype(np.float32),
        margin=margin.astype(np.float32),
        unknown=head.is_unknown(features),
    )


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


def score(pool: Pool, head: FittedHead, known: Scores | None = None) -> Scores:
    """Score a whole pool with a head fitted on features of the same encoder.

    known: this head's scores of another state of the pool, whose images are not scored again.
    """
    scores = _room_for(pool, head)
    left = np.arange(len(pool)) if known is None else _copied(known, scores)
    for start in range(0, len(left), AT_ONCE):
        some = left[start : start + AT_ONCE]
        _fill(scores, some, score_features(pool.features[some], head))
    return scores


def _copied(known: Scores, scores: Scores) -> NDArray[np.int64]:
    """Take over what is known; the rows of which nothing is."""
    rows = known.pool.find_rows(scores.pool.image_ids)
    there = np.flatnonzero(rows >= 0)
    for name in COLUMNS:
        getattr(scores, name)[there] = getattr(known, name)[rows[there]]
    return np.flatnonzero(rows < 0)


def _fill(scores: Scores, rows: NDArray[np.int64], answers: Answers) -> None:
    for name in COLUMNS:
        getattr(scores, name)[rows] = getattr(answers, name)


def _room_for(pool: Pool, head: FittedHead) -> Scores:
    return Scores(
        classes=[str(name) for name in head.classes_],
        best=np.empty(len(pool), np.int32),
        second=np.empty(len(pool), np.int32),
        confidence=np.empty(len(pool), np.float32),
        margin=np.empty(len(pool), np.float32),
        unknown=np.empty(len(pool), np.bool_),
        pool=pool,
    )


@dataclass
class _Place:
    """The scores of one project, and whose turn it is to bring them up to date."""

    version_id: int = 0
    scores: Scores | None = None
    turn: Lock = field(default_factory=Lock)


class ScoreCache:
    """The scores used last, by project; they hold for one version and one state of the pool."""

    def __init__(self, capacity: int = 16) -> None:
        self._places: OrderedDict[str, _Place] = OrderedDict()
        self._capacity = capacity
        self._lock = Lock()

    def get(self, project_id: str, version_id: int, pool: Pool, head: FittedHead) -> Scores:
        """The scores of this pool by this version's head."""
        place = self._place(project_id)
        with place.turn:
            scores = place.scores if place.version_id == version_id else None
            if scores is None or scores.pool is not pool:
                scores = score(pool, head, scores)
                place.version_id, place.scores = version_id, scores
            return scores

    def _place(self, project_id: str) -> _Place:
        with self._lock:
            place = self._places.setdefault(project_id, _Place())
            self._places.move_to_end(project_id)
            while len(self._places) > self._capacity:
                self._places.popitem(last=False)
            return place
