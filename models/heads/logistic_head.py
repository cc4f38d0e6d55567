"""Logistic regression whose strength of regularisation the labels choose."""

from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax

from models.classifiers import (
    STRENGTH_FEW_LABELS,
    STRENGTH_MANY_LABELS,
    Codes,
    LogisticRegressionClassifier,
    protocol_strength,
)
from models.features import Features
from models.heads.softmax_regression import solve
from models.quality.cross_validation import held_out_parts

STRENGTHS = (STRENGTH_MANY_LABELS, 40.0, STRENGTH_FEW_LABELS)
# With fewer labels a class the choice costs up to five points: the paper's strength then.
ENOUGH_TO_CHOOSE = 8


class LogisticClassifier(LogisticRegressionClassifier):
    """The C of which labels that are held out are likeliest; the paper's where they are few.

    C: as in `LogisticRegressionClassifier`; None: chosen.
    """

    def _weights(self, features: Features, codes: Codes) -> npt.NDArray[np.floating]:
        self.strength_ = self.C or _likeliest(features.astype(np.float64), codes)
        return solve(features.astype(np.float64), codes, int(codes.max()) + 1, self.strength_)

    def settled(self) -> Self:
        """An unfitted copy with this fit's C."""
        unfitted = super().settled()
        unfitted.C = getattr(self, "strength_", self.C)
        return unfitted


def _likeliest(features: npt.NDArray[np.float64], codes: Codes) -> float:
    if np.median(np.bincount(codes)) < ENOUGH_TO_CHOOSE:
        return protocol_strength(len(codes), int(codes.max()) + 1)
    parts = held_out_parts(codes)
    return max(STRENGTHS, key=lambda strength: _held_out(features, codes, parts, strength))


def _held_out(
    features: npt.NDArray[np.float64], codes: Codes, parts: list[Codes], strength: float
) -> float:
    """Log-likelihood of the labels in `parts`, each judged by a fit on all the others."""
    total = 0.0
    for held in parts:
        known = np.setdiff1d(np.arange(len(codes)), held)
        weights = solve(features[known], codes[known], int(codes.max()) + 1, strength)
        answers = log_softmax(features[held] @ weights.T, axis=1)
        total += float(answers[np.arange(len(held)), codes[held]].sum())
    return total
