"""Honest confidence from the labels alone: one temperature and an accuracy estimate.

Both come from the same cross-validation, so that nothing is judged by a head that saw it.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp
from sklearn.base import clone

from models.classifiers import LinearHead

MAX_FOLDS = 5
# Tests enough for a temperature and an interval of +-4 points; folds beyond them are not fitted.
ENOUGH_TESTED = 500
# The temperature stays within this factor of the head's own, however few labels there are.
TEMPERATURE_RANGE = 20.0
# Weight of the head's own temperature against the labels', in held-out examples per squared
# unit of its logarithm: all answers right would otherwise drive the temperature to zero.
PRIOR_EXAMPLES = 2.0
INTERVAL_Z = 1.96  # 95 %


@dataclass(frozen=True)
class HeldOut:
    """Logits (m, classes) that each example got from a head which did not see it."""

    logits: npt.NDArray[np.float64]
    codes: npt.NDArray[np.intp]


@dataclass(frozen=True)
class Estimate:
    """How many of `count` held-out examples were answered right, as a share with its interval."""

    right: int
    count: int

    @property
    def accuracy(self) -> float:
        return self.right / self.count

    @property
    def low(self) -> float:
        """Lower end of Wilson's 95 % interval."""
        return wilson_interval(self.right, self.count)[0]

    @property
    def high(self) -> float:
        return wilson_interval(self.right, self.count)[1]


def cross_validate(head: LinearHead, X: npt.ArrayLike, y: npt.ArrayLike) -> HeldOut | None:
    """Hold out each example of every class that has another one; None where no class has.

    Stratified, in up to five folds. A class of one label stays in every training part, so
    that all folds know all classes. Of many examples only about 500 are tested.
    """
    features, labels = np.asarray(X), np.asarray(y)
    codes = np.unique(labels, return_inverse=True)[1]
    folds = _folds(codes)
    if not folds:
        return None
    logits = []
    for held in folds:
        seen = np.setdiff1d(np.arange(len(labels)), held)
        logits.append(clone(head).fit(features[seen], labels[seen]).logits(features[held]))
    return HeldOut(np.concatenate(logits).astype(np.float64), codes[np.concatenate(folds)])


def _folds(codes: npt.NDArray[np.intp]) -> list[npt.NDArray[np.intp]]:
    """Disjoint test parts, each class dealt out over them as evenly as it goes.

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


def fit_temperature(held_out: HeldOut, usual: float) -> float:
    """The temperature that makes the held-out answers most likely, drawn toward `usual`.

    Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017), with a prior.
    """
    logits, codes = held_out.logits, held_out.codes
    chosen = logits[np.arange(len(codes)), codes]

    def loss(log_ratio: float) -> float:
        temperature = usual * np.exp(log_ratio)
        surprise = logsumexp(logits / temperature, axis=1) - chosen / temperature
        return float(surprise.sum() + PRIOR_EXAMPLES * log_ratio**2)

    limit = np.log(TEMPERATURE_RANGE)
    return float(usual * np.exp(minimize_scalar(loss, bounds=(-limit, limit), method="bounded").x))


def estimate_accuracy(held_out: HeldOut) -> Estimate:
    right = held_out.logits.argmax(axis=1) == held_out.codes
    return Estimate(int(right.sum()), len(right))


def wilson_interval(right: int, count: int) -> tuple[float, float]:
    """95 % bounds of a share; they stay inside [0, 1] and open at 0 of n and n of n.

    Wilson, "Probable Inference, the Law of Succession, and Statistical Inference" (1927).
    """
    share, z2 = right / count, INTERVAL_Z**2
    centre = share + z2 / (2 * count)
    spread = INTERVAL_Z * np.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    scale = 1 + z2 / count
    return max(0.0, float((centre - spread) / scale)), min(1.0, float((centre + spread) / scale))
