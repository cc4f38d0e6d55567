"""Linear discriminant analysis from hard or soft labels, its covariance shrunk toward a sphere."""

import numpy as np
import numpy.typing as npt

from models.mixture import Part

Matrix = npt.NDArray[np.float64]


def fit_discriminant(
    directions: npt.NDArray[np.floating],
    shares: npt.NDArray[np.floating],
    trust: npt.NDArray[np.floating],
    shrinkage: float,
) -> Part:
    """One normal distribution a class, all of the same shape; every class equally likely.

    directions: (n, d); shares: (n, classes), how much each sample belongs to each class;
    trust: (n,) weights. shrinkage: times the mean variance of a component, added to the
    covariance within the classes: much of it leaves the nearest class mean.
    Fisher (1936); Friedman, "Regularized Discriminant Analysis" (1989).
    """
    means, total, within = _moments(directions, shares * trust[:, None])
    dimension = len(total)
    ridge = shrinkage * max(np.trace(total), 1e-12) / dimension
    centre = means.mean(axis=0)
    weights = np.linalg.solve(within + ridge * np.eye(dimension), (means - centre).T).T
    # -1/2 distance of a class's mean to the centre, and the centre itself taken out.
    offsets = -np.einsum("cd,cd->c", weights, (means + centre) / 2)
    return Part(weights, offsets, 1.0)


def _moments(
    directions: npt.NDArray[np.floating], belongs: npt.NDArray[np.floating]
) -> tuple[Matrix, Matrix, Matrix]:
    """Class means (classes, d), covariance in all and within classes (d, d)."""
    sizes = belongs.sum(axis=0, dtype=np.float64)
    mass, class_count = sizes.sum(), len(sizes)
    means = (belongs.T @ directions).astype(np.float64) / np.maximum(sizes, 1e-12)[:, None]
    mean = sizes @ means / mass
    weighted = directions * np.sqrt(belongs.sum(axis=1))[:, None]
    total = (weighted.T @ weighted).astype(np.float64) / mass - np.outer(mean, mean)
    away = means - mean
    between = (away * (sizes / mass)[:, None]).T @ away
    # Means that were fitted on the same samples make what is within look small.
    freedom = mass / max(mass - class_count, 1.0)
    return means, total, np.maximum(freedom, 1.0) * (total - between)
