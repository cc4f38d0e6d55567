"""A folder of prepared images as a source among others."""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.image_sources.source import ImageFile, file_state
from models.prepared_images import INDEX_FILE, PreparedImages, open_prepared


@dataclass(frozen=True)
class PreparedSource:
    """The squares that an earlier preparation left in a folder."""

    folder: Path

    def state(self) -> str:
        """Changes with every preparation."""
        return file_state(self.folder / INDEX_FILE)

    @contextmanager
    def opened(self) -> Iterator[Iterable[ImageFile]]:
        """In the order of their preparation."""
        yield _files(open_prepared(self.folder))


def _files(images: PreparedImages) -> Iterator[ImageFile]:
    for number, (name, pixels) in enumerate(zip(images.names, images.pixels, strict=True)):
        yield ImageFile(name, images.label(number), partial(_encode, pixels))


def _encode(pixels: NDArray[np.uint8], limit: int) -> bytes:
    """A square (3, side, side) as a file again, in the format that costs least."""
    buffer = io.BytesIO()
    Image.fromarray(pixels.transpose(1, 2, 0).copy()).save(buffer, "BMP")
    return buffer.getvalue()[:limit]
