"""The one evaluation transform, for serving, extraction and evaluation alike. Torch-free."""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, ConfigDict, PositiveFloat, PositiveInt, model_validator

Interpolation = Literal["bilinear", "bicubic"]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

# Pillow's filter and how many source pixels it reaches to each side when it enlarges.
_FILTERS = {
    "bilinear": (Image.Resampling.BILINEAR, 1),
    "bicubic": (Image.Resampling.BICUBIC, 2),
}


class EvaluationTransform(BaseModel):
    """Resize the shorter side to `resize` pixels, crop the centre, scale to [0, 1], standardise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    resize: PositiveInt
    crop: PositiveInt
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[PositiveFloat, PositiveFloat, PositiveFloat] = IMAGENET_STD
    interpolation: Interpolation = "bilinear"

    @model_validator(mode="after")
    def _crop_fits(self) -> "EvaluationTransform":
        if self.crop > self.resize:
            raise ValueError(f"crop {self.crop} is larger than resize {self.resize}")
        return self


def evaluation_pixels(image: Image.Image, transform: EvaluationTransform) -> NDArray[np.float32]:
    """One image, of any size and mode, as the encoder sees it: float32 (3, crop, crop)."""
    rgb = np.asarray(_resized_centre(image.convert("RGB"), transform), dtype=np.float32)
    mean = 255 * np.asarray(transform.mean, dtype=np.float32)
    scale = 1 / (255 * np.asarray(transform.std, dtype=np.float32))
    return np.ascontiguousarray(((rgb - mean) * scale).transpose(2, 0, 1))


def evaluation_batch(
    images: Sequence[Image.Image], transform: EvaluationTransform
) -> NDArray[np.float32]:
    """Images as one batch: float32 (n, 3, crop, crop)."""
    batch = np.empty((len(images), 3, transform.crop, transform.crop), dtype=np.float32)
    for row, image in zip(batch, images, strict=True):
        row[:] = evaluation_pixels(image, transform)
    return batch


def _resized_centre(image: Image.Image, transform: EvaluationTransform) -> Image.Image:
    """Resize and centre crop, without ever resizing the far ends of a long image.

    A 100,000 x 10 strip would otherwise pass through 2.5 million x 256 pixels.
    """
    resample, reach = _FILTERS[transform.interpolation]
    shorter = min(image.size)
    spans = [_span(side, shorter, transform, reach) for side in image.size]
    (left, right, width), (top, bottom, height) = spans
    x, y = image.width / width, image.height / height
    box = (left * x, top * y, min(right * x, image.width), min(bottom * y, image.height))
    resized = image.resize((right - left, bottom - top), resample, box=box)
    start = (_centre(width, transform.crop) - left, _centre(height, transform.crop) - top)
    return resized.crop((*start, start[0] + transform.crop, start[1] + transform.crop))


def _span(
    side: int, shorter: int, transform: EvaluationTransform, reach: int
) -> tuple[int, int, int]:
    """(first, last, length) of one resized side, as far as its centre crop depends on it."""
    length = transform.resize * side // shorter
    margin = math.ceil(reach * max(1.0, length / side)) + 1
    start = _centre(length, transform.crop)
    return max(0, start - margin), min(length, start + transform.crop + margin), length


def _centre(length: int, crop: int) -> int:
    return round((length - crop) / 2)
