"""What every example would be called by a ridge regression that did not see it, in closed form."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from models.calibration import fit_temperature
from models.cross_validation import HeldOut
from models.features import Features

Matrix: TypeAlias = npt.NDArray[np.float64]
Codes: TypeAlias = npt.NDArray[np.intp]

RIDGE = 1.0
# Of ridge scores where labels are right; the labels themselves move it from there.
USUAL_TEMPERATURE = 0.15
# Before anything is known: this share of labels is wrong.
USUAL_ERRORS = 0.1
# A leverage of one would leave nothing to answer from.
MAX_LEVERAGE = 1 - 1e-6


def leave_one_out(features: Features, codes: Codes) -> Matrix:
    """(n, classes) calibrated logits of each example, from all others.

    features: (n, d) normalised; codes: (n,) class indices, each of 0 .. c_max, one class at
    least with two examples. A second pass gives labels that the first one contradicts less
    weight. The row of a class's only example knows nothing of that class.
    """
    seen = _unit(features - features.mean(axis=0))
    counts = np.bincount(codes)
    classes = len(counts)
    balance = len(codes) / (classes * counts[codes])
    first = softmax(_calibrated(_ridge(seen, codes, balance), codes), axis=1)
    given = first[np.arange(len(codes)), codes]
    wrong = USUAL_ERRORS * (1 - given) / (classes - 1)
    trust = (1 - USUAL_ERRORS) * given / ((1 - USUAL_ERRORS) * given + wrong)
    # The only example of a class is all that is known of it.
    trust = np.where(counts[codes] > 1, trust, 1.0)
    return _calibrated(_ridge(seen, codes, balance * trust), codes)


def _ridge(seen: Matrix, codes: Codes, weights: Matrix) -> Matrix:
    """(n, classes) weighted ridge regression onto class indicators, each row left out of its own.

    The residual without example i is its residual over 1 - leverage.
    """
    targets = np.eye(codes.max() + 1)[codes] - 1 / (codes.max() + 1)
    weighted = seen * weights[:, None]
    inverse = np.linalg.inv(weighted.T @ seen + RIDGE * np.eye(seen.shape[1]))
    leverage = np.einsum("nd,nd->n", weighted @ inverse, seen)
    leverage = np.minimum(leverage, MAX_LEVERAGE)[:, None]
    fitted = seen @ (inverse @ (weighted.T @ targets))
    return np.asarray((fitted - leverage * targets) / (1 - leverage))


def _calibrated(scores: Matrix, codes: Codes) -> Matrix:
    testable = np.flatnonzero(np.bincount(codes)[codes] > 1)
    held_out = HeldOut(scores[testable], codes[testable], testable)
    return scores / fit_temperature(held_out, USUAL_TEMPERATURE)


def _unit(vectors: Features) -> Matrix:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float64)
