"""Pools of clusters, and answers of a classifier that need no classifier."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Features = npt.NDArray[np.float32]
Codes = npt.NDArray[np.intp]


def clusters(sizes: list[int], noise: float = 0.1) -> tuple[Features, Codes]:
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(len(sizes), 16))
    codes = np.repeat(np.arange(len(sizes)), sizes)
    return (centres[codes] + noise * rng.normal(size=(len(codes), 16))).astype(np.float32), codes


@dataclass(frozen=True)
class Said:
    """Answers as a classifier would give them."""

    best: Codes
    second: Codes
    confidence: npt.NDArray[np.float64]
    margin: npt.NDArray[np.float64]
    unknown: npt.NDArray[np.bool_]


def say(probabilities: npt.ArrayLike, unknown: list[int] | None = None) -> Said:
    """What probabilities (n, classes) come to; unknown: rows."""
    given = np.asarray(probabilities, dtype=float)
    order = np.argsort(-given, axis=1, kind="stable")
    rows = np.arange(len(given))
    best, second = order[:, 0], order[:, min(1, given.shape[1] - 1)]
    margin = given[rows, best] - (given[rows, second] if given.shape[1] > 1 else 0)
    strange = np.isin(rows, unknown or [])
    return Said(best, second, given[rows, best], margin, strange)
