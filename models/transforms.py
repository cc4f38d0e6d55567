"""The one evaluation transform, for serving, extraction and evaluation alike. Torch-free."""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, ConfigDict, PositiveFloat, PositiveInt, model_validator

from models.images import Box

Interpolation = Literal["bilinear", "bicubic"]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

_FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
LONGEST_ASPECT = 4
# Pictures are halved by a fast way while so many times the size remains for the exact one.
_REDUCING_GAP = 3


class EvaluationTransform(BaseModel):
    """Resize the shorter side to `resize` pixels, crop the centre, scale to [0, 1], standardise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    resize: PositiveInt
    crop: PositiveInt
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[PositiveFloat, PositiveFloat, PositiveFloat] = IMAGENET_STD
    interpolation: Interpolation = "bilinear"

    @property
    def decoded_side(self) -> int:
        """Shorter side from which on a JPEG may be decoded at a part of its size.

        The decoder then halves what would be halved after it; nothing is gained below.
        """
        return _REDUCING_GAP * self.resize

    @model_validator(mode="after")
    def _crop_fits(self) -> "EvaluationTransform":
        if self.crop > self.resize:
            raise ValueError(f"crop {self.crop} is larger than resize {self.resize}")
        return self


def evaluation_pixels(image: Image.Image, transform: EvaluationTransform) -> NDArray[np.float32]:
    """One image, of any size and mode, as the encoder sees it: float32 (3, crop, crop)."""
    pixels: NDArray[np.float32] = standardise(evaluation_crop(image, transform)[None], transform)[0]
    return pixels


def evaluation_crop(
    image: Image.Image, transform: EvaluationTransform, box: Box | None = None
) -> NDArray[np.uint8]:
    """One image resized and cropped, with all that is lost by it: uint8 (crop, crop, 3).

    `box`: where the picture lies in the image, of one that was decoded smaller; None: all of it.
    """
    whole = (0, 0, image.width, image.height)
    return np.asarray(_resized_centre(image, transform, box or whole), dtype=np.uint8)


def standardise(crops: NDArray[np.uint8], transform: EvaluationTransform) -> NDArray[np.float32]:
    """Crops (n, crop, crop, 3) as the encoder sees them: float32 (n, 3, crop, crop)."""
    mean, scale = standardisation(transform)
    # The order first, then in place: ten times as fast as to calculate across memory.
    pixels: NDArray[np.float32] = crops.transpose(0, 3, 1, 2).astype(np.float32, order="C")
    pixels -= mean
    pixels *= scale
    return pixels


def standardisation(
    transform: EvaluationTransform,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What is taken from values of 0 to 255, and by what the rest is multiplied: (3, 1, 1) each."""
    mean = 255 * np.asarray(transform.mean, dtype=np.float32)
    scale = np.reciprocal(255 * np.asarray(transform.std, dtype=np.float32))
    return mean[:, None, None], scale[:, None, None]


def evaluation_batch(
    images: Sequence[Image.Image], transform: EvaluationTransform
) -> NDArray[np.float32]:
    """Images as one batch: float32 (n, 3, crop, crop)."""
    batch = np.empty((len(images), 3, transform.crop, transform.crop), dtype=np.float32)
    for row, image in zip(batch, images, strict=True):
        row[:] = evaluation_pixels(image, transform)
    return batch


def _resized_centre(image: Image.Image, transform: EvaluationTransform, box: Box) -> Image.Image:
    """Resize and centre crop, as torchvision does it, but only what the crop shows is resized.

    The width first, always: Pillow by itself takes the cheaper order, which depends on what is
    cropped, and the values clipped in between would make a difference.
    """
    image, box = _without_far_ends(image if image.mode == "RGB" else image.convert("RGB"), box)
    shorter, crop = min(_sides(box)), transform.crop
    sizes = [int(transform.resize * side // shorter) for side in _sides(box)]
    image, corner, steps = _reduced(image, box, sizes)
    starts = [round((size - crop) / 2) for size in sizes]
    (left, right), (top, bottom) = (
        (edge + start * step, edge + (start + crop) * step)
        for edge, start, step in zip(corner, starts, steps, strict=True)
    )
    kernel = _FILTERS[transform.interpolation]
    narrow = image.resize((crop, image.height), kernel, box=(left, 0, right, image.height))
    return narrow.resize((crop, crop), kernel, box=(0, top, crop, bottom))


def _reduced(
    image: Image.Image, box: Box, sizes: Sequence[int]
) -> tuple[Image.Image, list[float], list[float]]:
    """An image whose box is about to be resized to (width, height).

    Beside it, in its pixels: the box's left upper corner, and a pixel of the result, each way.
    Photographs of six times the size and more are halved first with a fast box filter: several
    times faster, and no difference that one could see.
    """
    steps = [side / size for side, size in zip(_sides(box), sizes, strict=True)]
    factors = [max(1, int(step / _REDUCING_GAP)) for step in steps]
    if max(factors) > 1:
        image = image.reduce((factors[0], factors[1]))
    corner = [edge / factor for edge, factor in zip(box[:2], factors, strict=True)]
    return image, corner, [step / factor for step, factor in zip(steps, factors, strict=True)]


def _without_far_ends(image: Image.Image, box: Box) -> tuple[Image.Image, Box]:
    """A long strip, and its box, without the ends that the centre crop would cut off anyway.

    A strip of 100,000 x 1 pixels would otherwise be resized to 25 million x 256.
    """
    sides = _sides(box)
    longest = LONGEST_ASPECT * min(sides)
    if max(sides) <= longest:
        return image, box
    across, down = (max(0, (side - longest) // 2) for side in sides)
    left, top, right, bottom = box[0] + across, box[1] + down, box[2] - across, box[3] - down
    x, y = int(left), int(top)
    cut = image.crop((x, y, math.ceil(right), math.ceil(bottom)))
    return cut, (left - x, top - y, right - x, bottom - y)


def _sides(box: Box) -> tuple[float, float]:
    return box[2] - box[0], box[3] - box[1]
