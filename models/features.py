"""The one definition of what every head works on: centred, unit-length encoder features."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

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
    _require_finite(raw)
    # Largest component to 1 first: squares of large float32 values would overflow.
    scale = np.abs(raw).max(axis=1, keepdims=True, initial=0.0)
    scaled = raw / np.where(scale > 0, scale, 1)
    centred = scaled - scaled.mean(axis=1, keepdims=True, dtype=np.float64).astype(np.float32)
    norms = np.linalg.norm(centred, axis=1, keepdims=True)
    directed = norms > ROUNDING * np.sqrt(raw.shape[1])
    return np.where(directed, centred / np.where(directed, norms, 1), 0).astype(np.float32)


def unit(vectors: npt.NDArray[np.floating]) -> Features:
    """Rows (n, d) of length 1; a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def class_sums(features: Features, codes: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """Row c: the sum of the features (n, d) of class c; codes (n,) hold each of 0 .. c_max."""
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(codes.max() + 1))
    return np.add.reduceat(features[order], starts, axis=0, dtype=np.float64)


def class_means(features: Features, codes: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """Row c: the mean of the features (n, d) of class c; codes (n,) hold each of 0 .. c_max."""
    return class_sums(features, codes) / np.bincount(codes)[:, None]


def _require_finite(features: Features) -> None:
    broken = np.flatnonzero(~np.isfinite(features).all(axis=1))
    if broken.size:
        raise ValueError(
            f"{broken.size} of {len(features)} feature vectors hold NaN or infinity, the first "
            f"at row {broken[0]}; the encoder that made them is broken or ran out of range"
        )
