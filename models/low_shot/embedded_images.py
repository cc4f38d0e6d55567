"""Labelled images as features, of which an encoder embeds only those that it never saw."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from models.features import Features
from models.image_sources import SourceError
from models.images import ImageRejected, decode
from models.low_shot.feature_cache import FeatureCache, content_key
from models.low_shot.labelled_folder import LabelledFile
from models.manifest import load_manifest
from models.transforms import evaluation_crop

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
        self._transform = manifest.transform
        self._folder = folder
        self._cache_folder = cache_folder / self.encoder_id

    @cached_property
    def _encoder(self) -> "TorchEncoder":
        from models.encoder import TorchEncoder

        return TorchEncoder(self._folder)

    def embed(self, files: Iterable[LabelledFile], left_out: LeftOut) -> EmbeddedImages:
        """All files that are images, of which a batch's crops at most are held.

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
        usable, fresh = [], dict[bytes, npt.NDArray[np.uint8]]()
        for file in files:
            key = content_key(file.data)
            try:
                if key not in cache and key not in fresh:
                    fresh[key] = self._crop(file.data)
                usable.append((key, file))
            except ImageRejected as rejection:
                left_out(file.name, rejection.message)
        if fresh:
            features = self._encoder.embed_crops(np.stack(list(fresh.values())))
            cache.add(dict(zip(fresh, features, strict=True)))
        return usable

    def _crop(self, data: bytes) -> npt.NDArray[np.uint8]:
        decoded = decode(data, shrink_to=self._transform.decoded_side)
        return evaluation_crop(decoded.image, self._transform, decoded.box)
