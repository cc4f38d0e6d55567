"""Features that are read by their rows, wherever they lie: in memory, in mapped files, or both."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from models.features import Features

Rows: TypeAlias = slice | Sequence[int] | npt.NDArray[np.integer]


class FeatureRows:
    """Raw features (n, d), some rows of which are read at a time: all of them may be too many.

    parts: arrays (n_i, d) of any float type, one behind the other, that are never changed. `kept`
    picks rows among all of theirs, so that some can be left out without copying the others.
    """

    def __init__(
        self, *parts: npt.NDArray[np.floating], kept: npt.NDArray[np.int64] | None = None
    ) -> None:
        self._parts = [part for part in parts if len(part)]
        self._ends = np.cumsum([len(part) for part in self._parts], dtype=np.int64)
        self._kept = kept
        rows = int(self._ends[-1]) if self._parts else 0
        dimension = self._parts[0].shape[1] if self._parts else 0
        self.shape = (rows if kept is None else len(kept), dimension)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Rows) -> Features:
        """Float32 (rows, d), in the order asked. Raises IndexError for a row that is not there."""
        if isinstance(rows, slice):
            rows = np.arange(*rows.indices(len(self)))
        wanted = np.asarray(rows, dtype=np.int64)
        if wanted.size and not 0 <= wanted.min() <= wanted.max() < len(self):
            raise IndexError(f"rows {wanted.min()} to {wanted.max()} of {len(self)} were asked for")
        if self._kept is not None:
            wanted = self._kept[wanted]
        found = np.empty((len(wanted), self.shape[1]), np.float32)
        start = 0
        for part, end in zip(self._parts, self._ends.tolist(), strict=True):
            of_part = (wanted >= start) & (wanted < end)
            found[of_part] = part[wanted[of_part] - start]
            start = end
        return found
