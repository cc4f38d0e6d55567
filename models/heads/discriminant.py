"""Linear discriminant analysis from hard or soft labels, its covariance shrunk toward a sphere."""

from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve

from models.heads.mixture import Part
from models.threads import threads_for

Matrix: TypeAlias = npt.NDArray[np.float64]
Values: TypeAlias = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Sample:
    """Directions (n, d) with their weights (n,), and what all classifiers of them share."""

    directions: npt.NDArray[np.floating]
    trust: npt.NDArray[np.floating]
    total: Values  # (d, d), the covariance, as precise as the directions
    mean: Matrix

    @classmethod
    def of(cls, directions: npt.NDArray[np.floating], trust: npt.NDArray[np.floating]) -> Self:
        mass = float(trust.sum(dtype=np.float64))
        mean = np.einsum("n,nd->d", trust, directions, dtype=np.float64) / mass
        # Around the mean: what rounding leaves of equal directions would outweigh a shrinkage.
        weighted = directions - mean.astype(directions.dtype)
        weighted *= np.sqrt(trust / mass, dtype=directions.dtype)[:, None]
        with threads_for(weighted.size * weighted.shape[1]):
            return cls(directions, trust, weighted.T @ weighted, mean)


def fit_discriminant(sample: Sample, shares: npt.NDArray[np.floating], shrinkage: float) -> Part:
    """One normal distribution a class, all of the same shape; every class equally likely.

    shares: (n, classes), how much each direction belongs to each class. shrinkage: times the
    mean variance of a component, added to the covariance within the classes: much of it leaves
    the nearest class mean.
    Fisher (1936); Friedman, "Regularized Discriminant Analysis" (1989).
    """
    belongs = shares * sample.trust[:, None]
    sizes = belongs.sum(axis=0, dtype=np.float64)
    sums = (belongs.T @ sample.directions).astype(np.float64)
    return discriminant_of(sample, sums / np.maximum(sizes, 1e-12)[:, None], sizes, shrinkage)


def discriminant_of(sample: Sample, means: Matrix, sizes: Matrix, shrinkage: float) -> Part:
    """The same, from class means (classes, d) and the weight of each class's samples (classes,)."""
    covariance = _within(sample, means, sizes)
    dimension = len(covariance)
    ridge = shrinkage * max(np.trace(sample.total, dtype=np.float64), 1e-12) / dimension
    covariance[np.diag_indices(dimension)] += ridge
    centre = means.mean(axis=0)
    towards = (means - centre).T.astype(covariance.dtype)
    with threads_for(dimension**3):
        factor = cho_factor(covariance, lower=True, overwrite_a=True, check_finite=False)
        weights = cho_solve(factor, towards, check_finite=False).T.astype(np.float64)
    # -1/2 distance of a class's mean to the centre, and the centre itself taken out.
    return Part(weights, -np.einsum("cd,cd->c", weights, (means + centre) / 2), 1.0)


def _within(sample: Sample, means: Matrix, sizes: Matrix) -> Values:
    """The covariance within classes (d, d)."""
    mass, class_count = sizes.sum(), len(sizes)
    away = ((means - sample.mean) * np.sqrt(sizes / mass)[:, None]).astype(sample.total.dtype)
    # Means that were fitted on the same samples make what is within look small.
    freedom = max(mass / max(mass - class_count, 1.0), 1.0)
    covariance = sample.total - away.T @ away
    covariance *= covariance.dtype.type(freedom)
    return np.asarray(covariance)
