"""Maps brought up to date with the pool: new images are placed between their neighbours."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from models.maps.projection import PLACED_BETWEEN, place_between
from service.storage.pools import Pool

# Placing takes milliseconds an image in a large pool: more than these make another map due.
PLACED_AT_MOST = 1000
# Searched for at once: among many images the similarities of each take some memory.
AT_ONCE = 250

Places = tuple[NDArray[np.int64], NDArray[np.float32]]


@dataclass(frozen=True)
class Layout:
    """Image ids (n,), ascending, and their places (n, 2) in [0, 1].

    The first ones made are the map's own, `later` (m,) names the others: they were placed since.
    """

    image_ids: NDArray[np.int64]
    places: NDArray[np.float32]
    later: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    def followed(self, pool: Pool) -> "Layout":
        """The layout with the pool's newest images placed, as far as they are few."""
        new = np.setdiff1d(pool.image_ids, self.image_ids)[: PLACED_AT_MOST - len(self.later)]
        mapped = pool.rows_of(self.image_ids)
        if not len(new) or not len(mapped):
            return self
        parts = np.split(new, range(AT_ONCE, len(new), AT_ONCE))
        placed = [self._place(pool, some, mapped) for some in parts]
        image_ids = np.concatenate([self.image_ids, new])
        places = np.concatenate([self.places, *placed])
        order = np.argsort(image_ids)
        return Layout(image_ids[order], places[order], np.concatenate([self.later, new]))

    def _place(
        self, pool: Pool, new: NDArray[np.int64], mapped: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Places of new images between those of the nearest among the rows `mapped`."""
        queries = pool.features[pool.rows_of(new)]
        neighbours, _ = pool.nearest(queries, PLACED_BETWEEN, mapped)
        return place_between(self.places[np.searchsorted(self.image_ids, neighbours)])

    def kept_by(self, pool: Pool) -> Places:
        """The images that the pool still has, with their places."""
        rows = pool.rows_of(self.image_ids)
        here = np.isin(self.image_ids, pool.image_ids[rows], assume_unique=True)
        return self.image_ids[here], self.places[here]


class Layouts:
    """The layouts used last, by the version of the map."""

    def __init__(self, capacity: int = 4) -> None:
        self._layouts: OrderedDict[int, Layout] = OrderedDict()
        self._capacity = capacity
        self._lock = Lock()

    def get(self, version: int, pool: Pool, read: Callable[[], Places]) -> Layout:
        """The layout of this map with what came to the pool since; `read` gives the map's own."""
        with self._lock:
            known = self._layouts.get(version) or Layout(*read())
            self._layouts[version] = layout = known.followed(pool)
            self._layouts.move_to_end(version)
            while len(self._layouts) > self._capacity:
                self._layouts.popitem(last=False)
            return layout
