"""The space in which images are compared, and which of them stand for all."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from models.features import Features, normalise, unit
from models.heads.pool_graph import whitening_of
from models.selection.state import Rows, Weights

# Of features of length one: what rounding leaves of images that are all the same.
NOWHERE = 1e-4


@dataclass(frozen=True)
class Space:
    """Directions from the pool's middle, the few in which all images differ weighed down."""

    centre: Features  # (d,)
    whitening: Features  # (d, d)

    @classmethod
    def of(cls, pool: Features) -> Self:
        """Of raw features (n, d), n >= 1."""
        seen = normalise(pool)
        centre = seen.mean(axis=0)
        return cls(centre, whitening_of(seen - centre))

    def directions(self, raw: Features) -> Features:
        """(n, d) of length one, from raw features; zeros where they are the pool's very middle."""
        away = normalise(raw) - self.centre
        away[np.linalg.norm(away, axis=1) < NOWHERE] = 0
        return unit(away @ self.whitening)


def draw(weights: Weights, most: int) -> Rows:
    """At most so many rows, ascending, the likelier the larger their weight; always the same.

    Efraimidis and Spirakis, "Weighted random sampling with a reservoir" (2006).
    """
    if len(weights) <= most:
        return np.arange(len(weights))
    waiting = np.random.default_rng(0).exponential(size=len(weights))
    waiting /= np.maximum(weights, np.finfo(np.float32).tiny)
    return np.sort(np.argpartition(waiting, most)[:most])
