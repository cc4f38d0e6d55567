"""What is found by likeness, and where images lie on the map."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from service.domain.entities import Image


@dataclass(frozen=True)
class Found:
    """An image and its cosine similarity to what was searched for, the best of several.

    closeness: the similarity between that of the pool's images on average (0) and the same (1).
    """

    image: Image
    similarity: float
    closeness: float


@dataclass(frozen=True)
class PoolMap:
    """A map with what is known of its images at one moment.

    All arrays have n entries, one an image, by ascending id: image_ids; x and y in [0, 1]; label
    and predicted, places in `classes` or -1 for none; confidence in [0, 1], 0 without a
    prediction; unknown, 0 or 1.
    """

    version: int
    encoder_id: str
    created_at: datetime
    stale: int
    classes: list[str]
    image_ids: NDArray[np.int32]
    x: NDArray[np.float32]
    y: NDArray[np.float32]
    label: NDArray[np.int16]
    predicted: NDArray[np.int16]
    confidence: NDArray[np.float32]
    unknown: NDArray[np.uint8]

    @property
    def count(self) -> int:
        """Images that have a place."""
        return len(self.image_ids)
