"""`unknown`: an image that is unlike the labelled classes, and that their labels do not reach."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit, softmax

from models.confidence.label_reach import label_reach
from models.confidence.nuisance import nuisance_directions
from models.features import Features, class_means, normalise, unit
from models.heads.pool_graph import PoolGraph, PoolLike
from models.quality.cross_validation import held_out_parts

# Share of images of labelled classes that may be called unknown.
FALSE_ALARMS = 0.05
# Held-out images that such a share can be told from.
ENOUGH_JUDGED = 100
# Strangeness beyond the quantile; keeps copies of a labelled image known in spite of rounding.
MARGIN = 0.01
# Of strangeness, from the threshold to a score of 0.73.
SOFTNESS = 0.5
# Where scores pass one half as long as no threshold can be set.
USUAL_THRESHOLD = 2.0
# Pool images that strangeness is compared with: twice as many tell hardly more.
LANDMARKS = 256
# Fewer say nothing of what a pool holds.
SMALLEST_POOL = 32
# Of the labels' reach beside the distance to a class, each in units of its deviation: more finds
# more of the strangers that the pool holds as well, and fewer of those that it does not.
REACH_SAY = 1.5
# Images whose likeness to all landmarks fits any memory.
AT_ONCE = 8192
# Of cosines to landmarks: those within a tenth of the nearest count.
SHARPNESS = 10.0
# The cosine above which a landmark is the very image that is asked about. It has no say in its own
# case, as it has none where labelled images are held out: with it twice as many false alarms came
# from the pool's landmarks as from its other images.
SAME = 0.9995
# What leaves nothing of a landmark's share.
BANNED = 10.0
# Deviation of squared distances where no pool tells it, in those from the labels' centre.
USUAL_SPREAD = 0.2
# What pools of images that hardly differ, as of a camera that never moves, are taken for: parts of
# the usual spread, and of the farthest reach. Those of other pools are several times as large.
LEAST_SPREAD = 0.1
LEAST_REACH = 0.02


@dataclass(frozen=True)
class Novelty:
    """How strange images are to the labelled classes, in standard deviations of the pool.

    With seen = v - (v nuisance') nuisance for v = normalise(x) - centre, strangeness is
    min |seen - centroids|^2 / spread + softmax(SHARPNESS unit(seen) landmarks') offsets:
    the distance to the nearest class, and how far labels are from reaching images like it. An
    image that is a landmark is left out of the softmax.
    threshold: the strangeness above which an image is unknown; None where the labels are too
    few to set it, and then nothing is.
    """

    centre: Features  # (d,)
    nuisance: Features  # (r, d)
    centroids: Features  # (classes, d)
    landmarks: Features  # (k, d), k >= 1
    offsets: Features  # (k,)
    spread: float
    threshold: float | None = None

    @classmethod
    def fit(cls, X: npt.ArrayLike, y: npt.ArrayLike, pool: PoolLike | None = None) -> Self:
        """X: (n, d) raw features; y: (n,) classes; pool: (p, d) raw unlabelled features.

        The threshold is a high quantile of the strangeness of labelled images to those of whom
        they were held out: of n, the one that another image of these classes exceeds with at most
        the probability FALSE_ALARMS, as in conformal prediction (Vovk, Gammerman and Shafer,
        2005), or the highest where n is too small for that. It needs two classes of two images.
        """
        features, codes = normalise(X), np.unique(np.asarray(y), return_inverse=True)[1]
        sample = _sample(pool)
        threshold = cls._threshold(features, codes, sample)
        return replace(cls._learn(features, codes, sample), threshold=threshold)

    @classmethod
    def _threshold(
        cls, features: Features, codes: npt.NDArray[np.intp], pool: Features
    ) -> float | None:
        if (np.bincount(codes) > 1).sum() < 2:
            return None
        judged = np.array([])
        for held in held_out_parts(codes):
            known = np.setdiff1d(np.arange(len(codes)), held)
            judge = cls._learn(features[known], codes[known], pool)
            judged = np.append(judged, judge.strangeness(features[held]))
            if len(judged) >= ENOUGH_JUDGED:
                break
        rank = min(math.ceil((len(judged) + 1) * (1 - FALSE_ALARMS)), len(judged))
        return float(np.sort(judged)[rank - 1] + MARGIN)

    @classmethod
    def _learn(cls, labelled: Features, codes: npt.NDArray[np.intp], pool: Features) -> Self:
        """From normalised features (n, d) and (p, d), p = 0 without a pool."""
        means = class_means(labelled, codes)
        middle = np.concatenate([labelled, pool]) if len(pool) else means
        centre = middle.mean(axis=0).astype(np.float32)
        nuisance = nuisance_directions(labelled - means[codes])
        centroids = _without(nuisance, means - centre)
        if not len(pool):
            nowhere = np.zeros((1, labelled.shape[1]), dtype=np.float32)
            spread = _usual_spread(labelled - centre)
            usual = np.array([-1 / USUAL_SPREAD], dtype=np.float32)
            return cls(centre, nuisance, centroids, nowhere, usual, spread)
        seen = _without(nuisance, pool - centre)
        landmarks = _stored(np.concatenate([unit(centroids), unit(seen)]))
        reached = label_reach(landmarks, len(means))
        distances, reaches = _nearest(seen, centroids), _near(seen, landmarks) @ reached
        spread = max(distances.std(), LEAST_SPREAD * _usual_spread(labelled - centre))
        reach_spread = max(reaches.std(), LEAST_REACH * float(reached.max()))
        offsets = REACH_SAY * (np.median(reaches) - reached) / reach_spread
        offsets -= np.median(distances) / spread
        return cls(centre, nuisance, centroids, landmarks, offsets.astype(np.float32), spread)

    def strangeness(self, X: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """(n,) of raw features (n, d), without bounds."""
        features = normalise(X)
        parts = np.split(features, range(AT_ONCE, len(features), AT_ONCE))
        return np.concatenate([self._strangeness(part) for part in parts])

    def _strangeness(self, features: Features) -> npt.NDArray[np.float64]:
        seen = _without(self.nuisance, features - self.centre)
        near = _near(seen, self.landmarks)
        return np.asarray(_nearest(seen, self.centroids) / self.spread + near @ self.offsets)

    def score(self, X: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """(n,) strangeness in [0, 1]; above one half is what `is_unknown` says."""
        middle = USUAL_THRESHOLD if self.threshold is None else self.threshold
        return np.asarray(expit((self.strangeness(X) - middle) / SOFTNESS))

    def is_unknown(self, X: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """(n,); nothing is unknown while there is no threshold."""
        return np.asarray(self.score(X) > 0.5) & (self.threshold is not None)

    def to_arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Named `novelty_...`, as they stand beside a head's; no threshold is an empty array."""
        return {
            "novelty_centre": self.centre,
            "novelty_nuisance": self.nuisance,
            "novelty_centroids": self.centroids,
            "novelty_landmarks": self.landmarks.astype(np.float16),
            "novelty_offsets": self.offsets,
            "novelty_spread": np.array(self.spread),
            "novelty_threshold": np.array([] if self.threshold is None else [self.threshold]),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> Self:
        """The inverse of `to_arrays`; what was stored before it was so has no threshold."""
        if "novelty_centre" not in arrays:
            return cls._of_centroids(arrays)
        parts = {
            name: np.asarray(arrays[f"novelty_{name}"], dtype=np.float32)
            for name in ("centre", "nuisance", "centroids", "landmarks", "offsets")
        }
        threshold = next(iter(arrays["novelty_threshold"].tolist()), None)
        return cls(spread=float(arrays["novelty_spread"]), threshold=threshold, **parts)

    @classmethod
    def _of_centroids(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> Self:
        centre = np.asarray(arrays["centre"], dtype=np.float32)
        centroids = np.asarray(arrays["centroids"], dtype=np.float32)
        nothing = np.zeros((0, len(centre)), dtype=np.float32)
        nowhere = np.zeros((1, len(centre)), dtype=np.float32)
        return cls(centre, nothing, centroids, nowhere, np.zeros(1, dtype=np.float32), 1.0)


def _sample(pool: PoolLike | None) -> Features:
    """At most `LANDMARKS` normalised images of the pool; none of a pool that is too small."""
    given = (
        pool.features if isinstance(pool, PoolGraph) else np.asarray(() if pool is None else pool)
    )
    if len(given) < SMALLEST_POOL:
        return np.empty((0, 0), dtype=np.float32)
    chosen = np.random.default_rng(0).permutation(len(given))[:LANDMARKS]
    return normalise(given[chosen])


def _without(nuisance: Features, away: npt.NDArray[np.floating]) -> Features:
    return np.asarray(away - (away @ nuisance.T) @ nuisance, dtype=np.float32)


def _nearest(seen: Features, centroids: Features) -> npt.NDArray[np.float64]:
    """(n,) squared distances to the nearest centroid."""
    lengths = (seen**2).sum(axis=1)[:, None] + (centroids**2).sum(axis=1)
    return np.asarray((lengths - 2 * seen @ centroids.T).min(axis=1), dtype=np.float64)


def _usual_spread(away: Features) -> float:
    return USUAL_SPREAD * float((away**2).sum(axis=1).mean()) or 1.0


def _near(seen: Features, landmarks: Features) -> npt.NDArray[np.float64]:
    """(n, k) how much each image is like each landmark but itself, in shares."""
    cosines = unit(seen) @ landmarks.T
    cosines -= BANNED * (cosines > SAME)
    return np.asarray(softmax(SHARPNESS * cosines, axis=1), dtype=np.float64)


def _stored(landmarks: Features) -> Features:
    """In half the precision, which is enough for them, as they are most of what is stored."""
    return landmarks.astype(np.float16).astype(np.float32)
