"""`unknown`: an image that resembles no labelled class as the labelled images resemble theirs."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from models.features import Features, class_sums, normalise

# Share of images of labelled classes that may be called unknown.
FALSE_ALARMS = 0.05
# Cosine below the quantile; keeps copies of a labelled image known in spite of rounding.
MARGIN = 0.01
# Of cosine, from the threshold to a score of 0.73.
SOFTNESS = 0.1


@dataclass(frozen=True)
class Novelty:
    """Cosine to the nearest class centroid, seen from the centre of the labelled images.

    Frozen features share a large common direction; without it similarities differ more
    between known and unknown than raw cosines to the nearest example do.
    threshold: the similarity below which an image is unknown; None where the labels are too
    few to set it, and then nothing is.
    """

    centre: Features  # (d,)
    centroids: Features  # (classes, d)
    threshold: float | None

    @classmethod
    def fit(cls, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:
        """X: (n, d) raw features; y: (n,) classes.

        The threshold is a low quantile of what the labelled images score themselves, each
        against its own class without it. It needs two classes of two images.
        """
        features = normalise(X)
        codes = np.unique(np.asarray(y), return_inverse=True)[1]
        centre = features.mean(axis=0)
        seen = _unit(features - centre)
        sums = class_sums(seen, codes)
        return cls(centre, _unit(sums), _threshold(seen, codes, sums))

    def similarity(self, X: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """(n,) cosines in [-1, 1] to the nearest class."""
        seen = _unit(normalise(X) - self.centre)
        return np.asarray((seen @ self.centroids.T).max(axis=1))

    def score(self, X: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """(n,) strangeness in [0, 1]; above one half is what `is_unknown` says."""
        threshold = 0.0 if self.threshold is None else self.threshold
        return np.asarray(expit((threshold - self.similarity(X).astype(np.float64)) / SOFTNESS))

    def is_unknown(self, X: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        similarity = self.similarity(X)
        if self.threshold is None:
            return np.zeros(len(similarity), dtype=bool)
        return similarity < self.threshold


def _threshold(
    seen: Features, codes: npt.NDArray[np.intp], sums: npt.NDArray[np.float64]
) -> float | None:
    judged = np.flatnonzero(np.bincount(codes)[codes] > 1)
    if len(np.unique(codes[judged])) < 2:
        return None
    own = codes[judged]
    similarity = seen[judged] @ _unit(sums).T
    without = _unit(sums[own] - seen[judged])
    similarity[np.arange(len(judged)), own] = np.einsum("nd,nd->n", seen[judged], without)
    return float(np.quantile(similarity.max(axis=1), FALSE_ALARMS) - MARGIN)


def _unit(vectors: npt.NDArray[np.floating]) -> Features:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)
