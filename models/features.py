"""The one definition of what every head works on: centred, unit-length encoder features."""

from typing import NoReturn, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

Features: TypeAlias = npt.NDArray[np.float32]

# A vector whose components differ by no more than rounding carries no direction at all.
ROUNDING = 1e-6


def normalise(features: npt.ArrayLike) -> Features:
    """Subtract from each sample the mean of its components and divide it by its L2 norm.

    This is the low-shot protocol of Assran et al., "Masked Siamese Networks for
    Label-Efficient Learning" (ECCV 2022): every sample on its own, so that no statistics of
    a training set are needed. A constant sample has no direction and becomes zeros.

    features: (n, d), any real dtype. Returns (n, d) float32 rows of length 1 or 0.
    Raises ValueError when the shape is not (n, d) or a value is not finite.
    """
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinity: refused below
        raw = np.asarray(features).astype(np.float32)
    if raw.ndim != 2:
        raise ValueError(f"features must have the shape (samples, dimension), not {raw.shape}")
    # Largest component to 1 first: squares of large float32 values would overflow.
    scale = np.maximum(raw.max(axis=1, initial=0.0), -raw.min(axis=1, initial=0.0))[:, None]
    if not np.isfinite(scale).all():
        _refuse_infinite(raw)
    # In place: memory that is new to the process costs more than what is done in it.
    raw /= np.where(scale > 0, scale, 1)
    raw -= raw.mean(axis=1, keepdims=True, dtype=np.float64).astype(np.float32)
    norms = np.linalg.norm(raw, axis=1, keepdims=True)
    directed = norms > ROUNDING * np.sqrt(raw.shape[1])
    raw /= np.where(directed, norms, 1)
    raw[~directed[:, 0]] = 0
    return raw


def unit(vectors: npt.NDArray[np.floating]) -> Features:
    """Rows (n, d) of length 1; a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def class_sums(features: Features, codes: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """Row c: the sum of the features (n, d) of class c; codes (n,) hold each of 0 .. c_max."""
    places = (codes, np.arange(len(codes)))
    return np.asarray(sparse.csr_matrix((np.ones(len(codes)), places)) @ features)


def class_means(features: Features, codes: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """Row c: the mean of the features (n, d) of class c; codes (n,) hold each of 0 .. c_max."""
    return class_sums(features, codes) / np.bincount(codes)[:, None]


def _refuse_infinite(features: Features) -> NoReturn:
    broken = np.flatnonzero(~np.isfinite(features).all(axis=1))
    raise ValueError(
        f"{broken.size} of {len(features)} feature vectors hold NaN or infinity, the first "
        f"at row {broken[0]}; the encoder that made them is broken or ran out of range"
    )
