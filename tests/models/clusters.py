"""Clusters of features to test heads on: as easy, as many and as uneven as asked."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]
Names = npt.NDArray[np.str_]


class Drawn(NamedTuple):
    X: Matrix
    y: Names


def clusters(counts: list[int], *, dimension: int = 32, noise: float = 0.5, seed: int = 0) -> Drawn:
    """One cluster a class, of so many samples each; the clusters are the same for every seed."""
    centres = np.random.default_rng(99).normal(size=(len(counts), dimension))
    codes = np.repeat(np.arange(len(counts)), counts)
    spread = np.random.default_rng(seed).normal(size=(len(codes), dimension))
    names = np.array([f"class-{code:03}" for code in codes])
    return Drawn((centres[codes] + noise * spread).astype(np.float32), names)
