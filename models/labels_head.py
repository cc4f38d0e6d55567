"""The best head from the labels alone."""

import numpy as np

from models.classifiers import Codes
from models.discriminant import Sample, fit_discriminant
from models.features import Features, class_means, unit
from models.mixture import MixtureHead, Part
from models.pool_graph import PoolLike
from models.softmax_regression import solve

# C of the logistic regression and shrinkage of the discriminant: both measured to lose little from
# one label a class to ten, where leave-one-out chose worse than either of them.
STRENGTH = 10.0
SHRINKAGE = 1.0
# Of an answer's logits, times the length of the weights; makes the parts equally sure.
SPREAD = 0.05


class LabelsClassifier(MixtureHead):
    """Logistic regression and a discriminant in equal parts, from the middle of the classes."""

    def __init__(self, temperature: float = 1.0) -> None:
        self.temperature = temperature

    def _learn(
        self,
        features: Features,
        codes: Codes,
        pool: PoolLike | None,  # noqa: ARG002
    ) -> None:
        centre = class_means(features, codes).mean(axis=0)
        self._keep(centre, label_parts(unit(features - centre), codes))


def label_parts(directions: Features, codes: Codes) -> list[Part]:
    """Both parts, from labelled directions (n, d) and class indices (n,)."""
    one_hot = np.eye(codes.max() + 1)[codes]
    counts = one_hot.sum(axis=0)
    # Every class counts as much as another, however many labels it has.
    balance = len(codes) / (len(counts) * counts[codes])
    regression = solve(directions.astype(np.float64), codes, len(counts), STRENGTH, balance)
    parts = [
        Part(regression, np.zeros(len(regression)), 1.0),
        fit_discriminant(Sample.of(directions, np.ones(len(codes))), one_hot, SHRINKAGE),
    ]
    return [part.scaled(SPREAD * float(np.linalg.norm(part.weights))) for part in parts]
