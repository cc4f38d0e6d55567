"""What a classifier version says of every embedded image of a pool, computed once."""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from models.features import Features
from models.fitting import FittedHead
from service.storage.pools import Pool

# What a head needs in between for one image is several times the image's feature.
AT_ONCE = 4096


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


def score(pool: Pool, head: FittedHead) -> Scores:
    """Score a whole pool with a head fitted on features of the same encoder."""
    scores = _room_for(pool, head)
    for start in range(0, len(pool), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        answers = score_features(pool.features[some], head)
        for name in ("best", "second", "confidence", "margin", "unknown"):
            getattr(scores, name)[some] = getattr(answers, name)
    return scores


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


class ScoreCache:
    """The scores used last, by project; they hold for one version and one state of the pool."""

    def __init__(self, capacity: int = 16) -> None:
        self._scores: OrderedDict[str, tuple[int, Scores]] = OrderedDict()
        self._capacity = capacity
        self._lock = Lock()

    def get(self, project_id: str, version_id: int, pool: Pool, head: FittedHead) -> Scores:
        """The scores of this pool by this version's head."""
        with self._lock:
            known = self._scores.get(project_id)
            if known is None or known[0] != version_id or known[1].pool is not pool:
                known = (version_id, score(pool, head))
                self._scores[project_id] = known
            self._scores.move_to_end(project_id)
            while len(self._scores) > self._capacity:
                self._scores.popitem(last=False)
            return known[1]
