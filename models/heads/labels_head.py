"""The best head from the labels alone."""

from typing import Self

import numpy as np

from models.classifiers import Codes
from models.features import Features, class_means, unit
from models.heads.discriminant import Sample, discriminant_of
from models.heads.middle import middle_of
from models.heads.mixture import Matrix, MixtureHead, Part
from models.heads.pool_graph import PoolLike
from models.heads.softmax_regression import Minimum, minimise

# C of the logistic regression and shrinkage of the discriminant: both measured to lose little from
# one label a class to ten, where leave-one-out chose worse than either of them.
STRENGTH = 10.0
SHRINKAGE = 1.0
# Of an answer's logits, times the length of the weights; makes the parts equally sure.
SPREAD = 0.05
# Multiplications of a covariance from which on single precision takes half the time.
SINGLE_PAYS = 20_000_000


class LabelsClassifier(MixtureHead):
    """Logistic regression and a discriminant in equal parts, from the middle of the classes.

    start: what the regression begins from, that of nearly the same labels. It changes how long
    a fit takes, not what it comes to.
    """

    def __init__(self, temperature: float = 1.0, start: Minimum | None = None) -> None:
        self.temperature = temperature
        self.start = start

    def _learn(
        self,
        features: Features,
        codes: Codes,
        pool: PoolLike | None,  # noqa: ARG002
    ) -> None:
        centre = middle_of(features, codes)
        directions = unit(features - centre)
        shape = (len(self.classes_), features.shape[1])
        alike = self.start is not None and self.start.weights.shape == shape
        self.regression_ = regress(directions, codes, self.start if alike else None)
        self._keep(centre, label_parts(directions, codes, self.regression_.weights))

    def settled(self) -> Self:
        """An unfitted copy whose regression begins where this one ended."""
        unfitted = super().settled()
        unfitted.start = getattr(self, "regression_", self.start)
        return unfitted


def regress(directions: Features, codes: Codes, start: Minimum | None = None) -> Minimum:
    """The logistic regression's weights (classes, d)."""
    counts = np.bincount(codes)
    # Every class counts as much as another, however many labels it has.
    balance = len(codes) / (len(counts) * counts[codes])
    return minimise(directions, codes, len(counts), STRENGTH, balance, start)


def label_parts(directions: Features, codes: Codes, regression: Matrix | None = None) -> list[Part]:
    """Both parts, from labelled directions (n, d) and class indices (n,)."""
    if regression is None:
        regression = regress(directions, codes).weights
    means, sizes = class_means(directions, codes), np.bincount(codes).astype(np.float64)
    precision = np.float32 if directions.size * len(means[0]) >= SINGLE_PAYS else np.float64
    sample = Sample.of(directions.astype(precision, copy=False), np.ones(len(codes)))
    parts = [
        Part(regression, np.zeros(len(regression)), 1.0),
        discriminant_of(sample, means, sizes, SHRINKAGE),
    ]
    return [part.scaled(SPREAD * float(np.linalg.norm(part.weights))) for part in parts]
