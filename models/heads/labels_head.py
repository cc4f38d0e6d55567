"""The best head from the labels alone."""

from typing import Self

import numpy as np

from models.classifiers import Codes
from models.features import Features, class_means, unit
from models.heads.discriminant import Sample, fit_discriminant
from models.heads.mixture import Matrix, MixtureHead, Part
from models.heads.pool_graph import PoolLike
from models.heads.softmax_regression import solve

# C of the logistic regression and shrinkage of the discriminant: both measured to lose little from
# one label a class to ten, where leave-one-out chose worse than either of them.
STRENGTH = 10.0
SHRINKAGE = 1.0
# Of an answer's logits, times the length of the weights; makes the parts equally sure.
SPREAD = 0.05


class LabelsClassifier(MixtureHead):
    """Logistic regression and a discriminant in equal parts, from the middle of the classes.

    start: weights (classes, d) that the regression begins from. They change how long a fit
    takes, not what it comes to.
    """

    def __init__(self, temperature: float = 1.0, start: Matrix | None = None) -> None:
        self.temperature = temperature
        self.start = start

    def _learn(
        self,
        features: Features,
        codes: Codes,
        pool: PoolLike | None,  # noqa: ARG002
    ) -> None:
        centre = class_means(features, codes).mean(axis=0).astype(np.float32)
        directions = unit(features - centre)
        shape = (len(self.classes_), features.shape[1])
        alike = self.start is not None and self.start.shape == shape
        self.regression_ = regress(directions, codes, self.start if alike else None)
        self._keep(centre, label_parts(directions, codes, self.regression_))

    def settled(self) -> Self:
        """An unfitted copy whose regression begins where this one ended."""
        unfitted = super().settled()
        unfitted.start = getattr(self, "regression_", self.start)
        return unfitted


def regress(directions: Features, codes: Codes, start: Matrix | None = None) -> Matrix:
    """Weights (classes, d) of the logistic regression."""
    counts = np.bincount(codes)
    # Every class counts as much as another, however many labels it has.
    balance = len(codes) / (len(counts) * counts[codes])
    return solve(directions, codes, len(counts), STRENGTH, balance, start)


def label_parts(directions: Features, codes: Codes, regression: Matrix | None = None) -> list[Part]:
    """Both parts, from labelled directions (n, d) and class indices (n,)."""
    if regression is None:
        regression = regress(directions, codes)
    one_hot = np.eye(codes.max() + 1)[codes]
    # In single precision what rounding leaves of equal samples would outweigh the shrinkage.
    sample = Sample.of(directions.astype(np.float64), np.ones(len(codes)))
    parts = [
        Part(regression, np.zeros(len(regression)), 1.0),
        fit_discriminant(sample, one_hot, SHRINKAGE),
    ]
    return [part.scaled(SPREAD * float(np.linalg.norm(part.weights))) for part in parts]
