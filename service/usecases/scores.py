"""What a classifier version says of every embedded image of a pool, computed once."""

from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from models.fitting import FittedHead
from service.storage.pools import Pool

# What a head needs in between for one image is several times the image's feature.
AT_ONCE = 4096


@dataclass(frozen=True)
class Scores:
    """Probabilities (n, classes) and unknown flags (n) of a pool's n images, row by row."""

    pool: Pool
    classes: list[str]
    probabilities: NDArray[np.float64]
    unknown: NDArray[np.bool_]

    @cached_property
    def best(self) -> NDArray[np.int64]:
        """Column of the most probable class (n)."""
        return np.asarray(self.probabilities.argmax(axis=1), dtype=np.int64)

    @cached_property
    def margin(self) -> NDArray[np.float64]:
        """Lead of the best class over the second (n); 1 where there is one class."""
        if self.probabilities.shape[1] < 2:
            return np.ones(len(self.probabilities))
        second, first = np.partition(self.probabilities, -2, axis=1)[:, -2:].T
        return np.asarray(first - second)

    @cached_property
    def confidence(self) -> NDArray[np.float64]:
        """Probability of the best class (n)."""
        return np.asarray(self.probabilities.max(axis=1))


def score(pool: Pool, head: FittedHead) -> Scores:
    """Score a whole pool with a head fitted on features of the same encoder."""
    classes = [str(name) for name in head.classes_]
    probabilities = np.empty((len(pool), len(classes)))
    unknown = np.empty(len(pool), np.bool_)
    for start in range(0, len(pool), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        probabilities[some] = head.predict_proba(pool.features[some])
        unknown[some] = head.is_unknown(pool.features[some])
    return Scores(pool, classes, probabilities, unknown)


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
