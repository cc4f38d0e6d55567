"""Held-out answers: what each labelled example gets from a head that did not see it."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.classifiers import Head
from models.features import normalise
from models.heads.pool_graph import PoolLike

MAX_FOLDS = 5
# Tests enough for a temperature and an interval of +-4 points; folds beyond them are not fitted.
ENOUGH_TESTED = 500


@dataclass(frozen=True)
class HeldOut:
    """Logits (m, classes) that each tested example got from a head which did not see it.

    codes: (m,) the true class as a column of the logits; rows: (m,) which example it is;
    seen: the share, in (0, 1], of all labels that each such head had.
    """

    logits: npt.NDArray[np.float64]
    codes: npt.NDArray[np.intp]
    rows: npt.NDArray[np.intp]
    seen: float = 1.0

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        """(m,) whether the likeliest class is the true one."""
        return np.asarray(self.logits.argmax(axis=1) == self.codes)


def cross_validate(
    head: Head, X: npt.ArrayLike, y: npt.ArrayLike, pool: PoolLike | None = None
) -> HeldOut | None:
    """Hold out each example of every class that has another one; None where no class has.

    Stratified, in up to five folds. A class of one label stays in every training part, so
    that all folds know all classes. Of many examples only about 500 are tested.
    """
    features, labels = normalise(X), np.asarray(y)
    codes = np.unique(labels, return_inverse=True)[1]
    folds = held_out_parts(codes)
    if not folds:
        return None
    logits = []
    for held in folds:
        known = np.setdiff1d(np.arange(len(labels)), held)
        judge = head.settled().fit_normalised(features[known], labels[known], pool)
        logits.append(judge.logits_of_normalised(features[held]))
    rows = np.concatenate(folds)
    seen = 1 - len(rows) / len(folds) / len(labels)
    return HeldOut(np.concatenate(logits).astype(np.float64), codes[rows], rows, seen)


def held_out_parts(codes: npt.NDArray[np.intp]) -> list[npt.NDArray[np.intp]]:
    """Disjoint test parts of class indices (n,), each class dealt out as evenly as it goes.

    With n labels a class there are n folds, each holding out one of every class. To hold out
    a single example instead would leave its class alone with fewer labels than its rivals: at
    two labels a class that halves the estimate.
    """
    counts = np.bincount(codes)
    shuffled = np.random.default_rng(0).permutation(len(codes))
    by_class = shuffled[np.argsort(codes[shuffled], kind="stable")]
    testable = by_class[counts[codes[by_class]] > 1]
    if not len(testable):
        return []
    folds = min(MAX_FOLDS, int(np.median(counts[counts > 1])))
    fitted = min(folds, math.ceil(ENOUGH_TESTED * folds / len(testable)))
    return [testable[start::folds] for start in range(fitted)]
