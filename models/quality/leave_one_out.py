"""What every example would be called by a ridge regression that did not see it, in closed form."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from models.calibration import fit_temperature
from models.features import Features, class_sums, unit
from models.quality.cross_validation import HeldOut

Matrix: TypeAlias = npt.NDArray[np.float64]
Codes: TypeAlias = npt.NDArray[np.intp]

# Before anything is known: this share of labels is wrong.
USUAL_ERRORS = 0.1
# A leverage of one would leave nothing to answer from.
MAX_LEVERAGE = 1 - 1e-6


def leave_one_out(features: Features, codes: Codes, shrinkage: float) -> Matrix:
    """(n, classes) probabilities of each example's class, from all others.

    features: (n, d) normalised; codes: (n,) class indices, each of 0 .. c_max, one class at
    least with two examples; shrinkage: of the weights, a strong one compares with centroids.
    A second pass gives labels that the first one contradicts less weight. The row of a class's
    only example knows nothing of that class.
    """
    counts = np.bincount(codes)
    # From the middle of the classes, not of the examples: a large class would be all noise.
    seen = unit(features - (class_sums(features, codes) / counts[:, None]).mean(axis=0))
    classes = len(counts)
    balance = len(codes) / (classes * counts[codes])
    first = _calibrated(ridge_left_out(seen, codes, balance, shrinkage), codes)
    given = first[np.arange(len(codes)), codes]
    wrong = USUAL_ERRORS * (1 - given) / (classes - 1)
    trust = (1 - USUAL_ERRORS) * given / ((1 - USUAL_ERRORS) * given + wrong)
    # The only example of a class is all that is known of it.
    trust = np.where(counts[codes] > 1, trust, 1.0)
    return _calibrated(ridge_left_out(seen, codes, balance * trust, shrinkage), codes)


def ridge_left_out(seen: Features, codes: Codes, weights: Matrix, shrinkage: float) -> Matrix:
    """(n, classes) weighted ridge regression onto class indicators, each row left out of its own.

    The residual without example i is its residual over 1 - leverage.
    """
    targets = np.eye(codes.max() + 1)[codes] - 1 / (codes.max() + 1)
    weighted = seen * weights[:, None]
    inverse = np.linalg.inv(weighted.T @ seen + shrinkage * np.eye(seen.shape[1]))
    leverage = np.einsum("nd,nd->n", weighted @ inverse, seen)
    leverage = np.minimum(leverage, MAX_LEVERAGE)[:, None]
    fitted = seen @ (inverse @ (weighted.T @ targets))
    return np.asarray((fitted - leverage * targets) / (1 - leverage))


def _calibrated(scores: Matrix, codes: Codes) -> Matrix:
    testable = np.flatnonzero(np.bincount(codes)[codes] > 1)
    held_out = HeldOut(scores[testable], codes[testable], testable)
    temperature = fit_temperature(held_out, float(scores.std()) or 1.0)
    return np.asarray(softmax(scores / temperature, axis=1))
