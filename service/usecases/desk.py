"""The part of a pool that suggestions are chosen from, whatever the pool's size."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.fitting import FittedHead
from models.search.feature_rows import FeatureRows
from models.selection import PoolState
from service.usecases.scores import score_many

# A random part of more unlabelled images stands for all: the answer takes as long for a million.
MOST_CONSIDERED = 10_000


@dataclass(frozen=True)
class Desk:
    """rows: of unlabelled images, all or a random part; labelled: rows; total: all unlabelled."""

    features: FeatureRows
    rows: NDArray[np.int64]
    labelled: NDArray[np.int64]
    total: int

    @classmethod
    def of(cls, features: FeatureRows, labelled: NDArray[np.int64]) -> Self:
        """features: a pool's; labelled: (m,) rows of it."""
        is_open = np.ones(features.shape[0], dtype=bool)
        is_open[labelled] = False
        rows = np.flatnonzero(is_open)
        total = len(rows)
        if total > MOST_CONSIDERED:
            # Another part after each label, so that in time every image is looked at.
            generator = np.random.default_rng(total)
            rows = np.sort(generator.choice(rows, MOST_CONSIDERED, replace=False))
        return cls(features, rows, labelled, total)

    def state(self, head: FittedHead | None, label_counts: NDArray[np.intp]) -> PoolState:
        """head: None as long as it is not to be believed; label_counts: by its classes."""
        unlabelled = self.features[self.rows]
        answers = score_many(unlabelled, head) if head and len(unlabelled) else None
        labelled = self.features[self.labelled]
        return PoolState(unlabelled, labelled, answers, label_counts, self.total)
