"""As many feature vectors as one likes, with the spectrum of an encoder's."""

import numpy as np
from numpy.typing import NDArray

from models.features import Features

# Share of the variance along the k-th principal direction of the normalised features of 12,000
# photographs by the first bundled encoder, at some k: four directions hold two thirds of it.
PLACES = (1, 2, 3, 5, 9, 17, 33, 65, 97, 129, 161, 181, 192)
SHARES = (0.27, 0.21, 0.115, 0.07, 0.0165, 3.2e-3, 4.2e-4, 1e-4, 5e-5, 3e-5, 2e-5, 1e-5, 1e-5)
# They lie around one direction: the length of their mean, and their variance around it.
MEAN, VARIANCE = 0.958, 0.0823
CHUNK = 10_000


class SyntheticFeatures:
    """Raw features (n, dimension) without end, the same for the same seed, made chunk by chunk.

    Normal vectors, stretched to any dimension: images in classes lie closer together, so that to
    find the neighbours of these is the harder task.
    """

    def __init__(self, dimension: int, seed: int) -> None:
        shape = np.random.default_rng(0)
        self._spread = np.sqrt(VARIANCE * _spectrum(dimension)).astype(np.float32)
        turned = np.linalg.qr(shape.normal(size=(dimension, dimension)))[0]
        self._directions = turned.astype(np.float32)
        mean = shape.normal(size=dimension)
        self._mean = (MEAN * mean / np.linalg.norm(mean)).astype(np.float32)
        self._seed = seed

    def chunk(self, number: int) -> Features:
        """The `number`-th ten thousand."""
        random = np.random.default_rng([self._seed, number])
        normal = random.standard_normal((CHUNK, len(self._mean)), dtype=np.float32)
        return np.asarray((normal * self._spread) @ self._directions + self._mean)


def _spectrum(dimension: int) -> NDArray[np.float64]:
    places = np.maximum((np.arange(dimension) + 0.5) * PLACES[-1] / dimension + 0.5, 1)
    shares = np.exp(np.interp(np.log(places), np.log(PLACES), np.log(SHARES)))
    return np.asarray(shares / shares.sum())
