"""The newest part of a pool, in memory."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.features import Features, normalise
from service.storage.id_lookup import IdLookup

# Room for the images of a small project, before anything has to be moved.
SMALLEST = 256


class _Room:
    """Space that tails of growing length share: what one of them sees is never changed."""

    def __init__(self, capacity: int, dimension: int) -> None:
        self.image_ids = np.empty(capacity, np.int64)
        self.directions = np.empty((capacity, dimension), np.float32)
        self.used = 0

    def add(self, image_ids: NDArray[np.int64], directions: Features) -> None:
        new = slice(self.used, self.used + len(image_ids))
        self.image_ids[new], self.directions[new] = image_ids, directions
        self.used = new.stop


@dataclass(frozen=True)
class Tail:
    """Embeddings (n) in the order they came; a longer one takes no more time than what is new."""

    room: _Room
    length: int

    @classmethod
    def empty(cls) -> Self:
        """A tail of nothing, whatever the dimension."""
        return cls(_Room(0, 0), 0)

    def __len__(self) -> int:
        return self.length

    @property
    def image_ids(self) -> NDArray[np.int64]:
        return self.room.image_ids[: self.length]

    @property
    def directions(self) -> Features:
        """Normalised (n, d)."""
        return self.room.directions[: self.length]

    @property
    def bytes_held(self) -> int:
        return self.room.directions.nbytes

    @cached_property
    def lookup(self) -> IdLookup:
        return IdLookup(self.image_ids)

    def with_more(self, image_ids: NDArray[np.int64], features: Features) -> "Tail":
        """This, and behind it images with raw features (m, d). One thread at a time may ask."""
        if not len(image_ids):
            return self
        length = self.length + len(image_ids)
        room = self.room
        if room.used != self.length or length > len(room.image_ids):
            room = _Room(max(SMALLEST, 2 * length), features.shape[1])
            if self.length:  # else it has no dimension yet
                room.add(self.image_ids, self.directions)
        room.add(image_ids, normalise(features))
        return Tail(room, length)

    def without(self, image_ids: NDArray[np.int64]) -> "Tail":
        """What is left of it when these images are gone."""
        left = ~np.isin(self.image_ids, image_ids)
        if left.all():
            return self
        room = _Room(int(left.sum()), self.directions.shape[1])
        room.add(self.image_ids[left], self.directions[left])
        return Tail(room, room.used)
