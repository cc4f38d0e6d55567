"""A map of features: images that are alike lie near each other on a plane."""

import numpy as np
from numpy.typing import NDArray

from models.features import Features


def place_between(places: NDArray[np.float32], cosines: Features) -> NDArray[np.float32]:
    """Places (m, 2) of new samples: the mean of their neighbours', the nearer counting more.

    places: (m, k, 2) of the neighbours; cosines: (m, k) to them.
    """
    weights = np.clip(cosines, 1e-6, None)[..., None] ** 2
    return np.asarray((places * weights).sum(axis=1) / weights.sum(axis=1), dtype=np.float32)
