"""Linear discriminant analysis from hard or soft labels, its covariance shrunk toward a sphere."""

from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve

from models.heads.mixture import Part
from models.threads import threads_for

Matrix: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    """Directions (n, d) with their weights (n,), and what all classifiers of them share."""

    directions: npt.NDArray[np.floating]
    trust: npt.NDArray[np.floating]
    total: Matrix  # (d, d), the covariance
    mean: Matrix

    @classmethod
    def of(cls, directions: npt.NDArray[np.floating], trust: npt.NDArray[np.floating]) -> Self:
        mass = trust.sum()
        mean = (trust @ directions / mass).astype(np.float64)
        weighted = directions * np.sqrt(trust)[:, None]
        with threads_for(weighted.size * weighted.shape[1]):
            total = (weighted.T @ weighted).astype(np.float64) / mass - np.outer(mean, mean)
        return cls(directions, trust, total, mean)


def fit_discriminant(sample: Sample, shares: npt.NDArray[np.floating], shrinkage: float) -> Part:
    """One normal distribution a class, all of the same shape; every class equally likely.

    shares: (n, classes), how much each direction belongs to each class. shrinkage: times the
    mean variance of a component, added to the covariance within the classes: much of it leaves
    the nearest class mean.
    Fisher (1936); Friedman, "Regularized Discriminant Analysis" (1989).
    """
    means, within = _within(sample, shares)
    dimension = len(within)
    ridge = shrinkage * max(np.trace(sample.total), 1e-12) / dimension
    centre = means.mean(axis=0)
    covariance = within + ridge * np.eye(dimension)
    with threads_for(dimension**3):
        weights = solve(covariance, (means - centre).T, assume_a="pos").T
    # -1/2 distance of a class's mean to the centre, and the centre itself taken out.
    return Part(weights, -np.einsum("cd,cd->c", weights, (means + centre) / 2), 1.0)


def _within(sample: Sample, shares: npt.NDArray[np.floating]) -> tuple[Matrix, Matrix]:
    """Class means (classes, d) and the covariance within classes (d, d)."""
    belongs = shares * sample.trust[:, None]
    sizes = belongs.sum(axis=0, dtype=np.float64)
    mass, class_count = sizes.sum(), len(sizes)
    means = (belongs.T @ sample.directions).astype(np.float64) / np.maximum(sizes, 1e-12)[:, None]
    away = means - sample.mean
    between = (away * (sizes / mass)[:, None]).T @ away
    # Means that were fitted on the same samples make what is within look small.
    freedom = max(mass / max(mass - class_count, 1.0), 1.0)
    return means, freedom * (sample.total - between)
