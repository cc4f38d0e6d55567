"""Labelled images as features, of which an encoder embeds only those that it never saw."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL.Image import Image

from models.features import Features
from models.image_sources import SourceError
from models.images import ImageRejected, decode
from models.low_shot.feature_cache import FeatureCache, content_key
from models.low_shot.labelled_folder import LabelledFile
from models.manifest import load_manifest

if TYPE_CHECKING:
    from models.encoder import TorchEncoder

BATCH = 32
# Told of each file that is no image: its name, and why.
LeftOut: TypeAlias = Callable[[str, str], None]


@dataclass(frozen=True)
class EmbeddedImages:
    """Row i of each is one image: raw features (n, d), class (n,), name (n,) below the data."""

    features: Features
    labels: npt.NDArray[np.str_]
    names: npt.NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.labels)

    def followed_by(self, others: "EmbeddedImages") -> "EmbeddedImages":
        """These images, then the others."""
        return EmbeddedImages(
            np.concatenate([self.features, others.features]),
            np.concatenate([self.labels, others.labels]),
            np.concatenate([self.names, others.names]),
        )


class CachedEncoder:
    """The encoder of a checkpoint folder, opened only where the cache lacks an image.

    `cache_folder` has one folder an encoder. Raises EncoderError where the manifest, or, once it
    is opened, the encoder is missing or damaged.
    """

    def __init__(self, folder: Path, cache_folder: Path) -> None:
        manifest = load_manifest(folder)
        self.encoder_id = manifest.encoder_id
        self._decoded_side = manifest.transform.decoded_side
        self._folder = folder
        self._cache_folder = cache_folder / self.encoder_id

    @cached_property
    def _encoder(self) -> "TorchEncoder":
        from models.encoder import TorchEncoder

        return TorchEncoder(self._folder)

    def embed(self, files: Iterable[LabelledFile], left_out: LeftOut) -> EmbeddedImages:
        """All files that are images, of which a batch at most is held decoded.

        Raises SourceError where none is.
        """
        labels, names, keys = [], [], []
        remaining = iter(files)
        with FeatureCache(self._cache_folder) as cache:
            while batch := list(islice(remaining, BATCH)):
                for key, file in self._remembered(batch, cache, left_out):
                    labels.append(file.label)
                    names.append(file.name)
                    keys.append(key)
            if not keys:
                raise SourceError("there is no usable image in the data")
            features = np.stack([cache[key] for key in keys])
        return EmbeddedImages(features, np.array(labels), np.array(names))

    def _remembered(
        self, files: Sequence[LabelledFile], cache: FeatureCache, left_out: LeftOut
    ) -> list[tuple[bytes, LabelledFile]]:
        """The files that are images, with the keys under which the cache now has them."""
        usable, fresh = [], dict[bytes, Image]()
        for file in files:
            key = content_key(file.data)
            try:
                if key not in cache and key not in fresh:
                    fresh[key] = decode(file.data, shrink_to=self._decoded_side).image
                usable.append((key, file))
            except ImageRejected as rejection:
                left_out(file.name, rejection.message)
        if fresh:
            cache.add(dict(zip(fresh, self._encoder.embed(list(fresh.values())), strict=True)))
        return usable
