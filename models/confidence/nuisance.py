"""Directions in which images of one class differ among themselves."""

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh

from models.features import Features

DIRECTIONS = 16
# Deviations from class means that suffice to find them.
ENOUGH = 256
# Of the largest: an eigenvalue below this share is rounding.
SMALLEST = 1e-9


def nuisance_directions(deviations: npt.NDArray[np.floating]) -> Features:
    """(r, d) rows N, so that v - (v N') N weighs down what tells no classes apart.

    deviations: (n, d) of features from their class means. As in linear discriminant analysis
    whose covariance is shrunk by its mean eigenvalue, but only along the widest directions:
    the others are of one width as far as a few labels tell.
    """
    sample = deviations[np.random.default_rng(0).permutation(len(deviations))[:ENOUGH]]
    dimension, power = sample.shape[1], float((sample.astype(np.float64) ** 2).sum())
    if power <= 0:
        return np.empty((0, dimension), dtype=np.float32)
    # Many in half the time: single precision tells widths so far from nothing well enough.
    few = len(sample) < ENOUGH
    widths, directions = _widest(sample.astype(np.float64 if few else np.float32, copy=False))
    ridge = power / dimension
    rest = max(power - float(widths.sum()), 0.0) / max(dimension - len(widths), 1)
    gain = np.sqrt((rest + ridge) / (np.maximum(widths, rest) + ridge))
    return np.asarray(np.sqrt(1 - gain)[:, None] * directions, dtype=np.float32)


def _widest(
    deviations: npt.NDArray[np.floating],
) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]:
    """The largest eigenvalues (r,) and unit eigenvectors (r, d) of their products."""
    few = len(deviations) < deviations.shape[1]
    products = deviations @ deviations.T if few else deviations.T @ deviations
    widths, vectors = _largest(products, min(DIRECTIONS, len(products)))
    kept = widths > SMALLEST * widths.max()
    rows = vectors[:, kept].T @ deviations if few else vectors[:, kept].T
    return widths[kept], rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _largest(
    products: npt.NDArray[np.floating], count: int
) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]:
    """Eigenvalues (count,) of a symmetric matrix, ascending, and eigenvectors (n, count)."""
    size = len(products)
    try:
        widths, vectors = eigh(products, subset_by_index=(size - count, size - 1))
    except np.linalg.LinAlgError:
        # Where nearly all are zero, LAPACK's search for some of them can fail: for all it does not.
        widths, vectors = np.linalg.eigh(products)
    return widths[-count:], vectors[:, -count:]
