"""Images for pretraining, decoded once and kept in memory as small uint8 squares. Torch-free."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def stack_images(images: Iterable[Image.Image], side: int) -> NDArray[np.uint8]:
    """RGB images as (n, 3, side, side) uint8: the shorter side is scaled to `side` pixels and the
    middle is cut out, so that memory is known before training starts.
    """
    stacked = [_square(image, side).transpose(2, 0, 1) for image in images]
    return np.stack(stacked) if stacked else np.empty((0, 3, side, side), dtype=np.uint8)


def _square(image: Image.Image, side: int) -> NDArray[np.uint8]:
    scale = side / min(image.size)
    width, height = (max(side, round(length * scale)) for length in image.size)
    left, top = (width - side) // 2, (height - side) // 2
    scaled = image.convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(scaled.crop((left, top, left + side, top + side)))
