"""Where an id stands in a long array of ids: a dict of a million would take a hundred MB."""

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]


class IdLookup:
    """Rows of distinct ids (n,) in any order."""

    def __init__(self, ids: Ids) -> None:
        self._order = np.argsort(ids, kind="stable").astype(np.int32)
        self._sorted = ids[self._order]

    def find(self, wanted: Ids) -> Ids:
        """The row of each of these ids (m,), -1 where there is none."""
        if not len(self._sorted):
            return np.full(len(wanted), -1)
        places = np.minimum(np.searchsorted(self._sorted, wanted), len(self._sorted) - 1)
        return np.where(self._sorted[places] == wanted, self._order[places], -1)
