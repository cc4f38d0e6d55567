"""A map of features: images that are alike lie near each other on a plane."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from models.feature_rows import FeatureRows
from models.features import Features, normalise

Places = NDArray[np.float32]
# Called with what is done, of how much, and in words; it may raise to end the work.
Report = Callable[[int, int, str], None]


def project(features: FeatureRows, report: Report) -> Places:
    """Places (n, 2) in [0, 1] of raw features (n, dimension), n > 0."""
    report(0, 1, "Projecting")
    return unit_square(principal_components(normalise(features[:]), 2))


def principal_components(features: Features, count: int) -> Features:
    """The features (n, d) along their `count` directions of most variance: (n, count)."""
    centred = features - features.mean(axis=0)
    directions = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :count]
    # A direction's sign is arbitrary: the same map each time needs a rule.
    signs = np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(directions.shape[1])])
    return np.asarray(centred @ (directions * signs), dtype=np.float32)


def unit_square(places: NDArray[np.floating]) -> Places:
    """Places (n, 2) moved and scaled, alike in both directions, into the middle of [0, 1]."""
    low, high = places.min(axis=0), places.max(axis=0)
    extent = float((high - low).max()) or 1.0
    return np.asarray((places - (low + high) / 2) / extent + 0.5, dtype=np.float32)


def place_between(places: Places, cosines: Features) -> Places:
    """Places (m, 2) of new samples: the mean of their neighbours', the nearer counting more.

    places: (m, k, 2) of the neighbours; cosines: (m, k) to them.
    """
    weights = np.clip(cosines, 1e-6, None)[..., None] ** 2
    return np.asarray((places * weights).sum(axis=1) / weights.sum(axis=1), dtype=np.float32)
