"""Random and focal views, a whole batch at a time on the images' device.

Cropping, flipping, resizing and blurring are all linear along each axis, so a view is
`rows @ image @ columns.T` with one pair of small matrices a sample; brightness, contrast,
saturation, hue and greyscale are together one 3 x 4 colour matrix a sample. A batch of views costs
three batched matrix products on any device.
"""

import math
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.pretraining.view_spec import ViewSpec
from models.transforms import IMAGENET_MEAN, IMAGENET_STD

LUMA = (0.299, 0.587, 0.114)
TO_YIQ = ((0.299, 0.587, 0.114), (0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112))
FROM_YIQ = tuple(map(tuple, np.linalg.inv(TO_YIQ).tolist()))


@cache
def constant(values: Any, like: tuple[torch.device, torch.dtype]) -> Tensor:
    """Nested tuples as a tensor, put on its device once: each copy would wait for the GPU."""
    device, dtype = like
    return torch.tensor(values, device=device, dtype=dtype)


class Draws:
    """Random numbers for `count` samples at once, on a device, from one generator.

    The samples are part `rank` of `world` parts: all processes draw the same numbers for the whole
    batch, and each takes those of its own part, so that a batch's views do not depend on `world`.
    """

    def __init__(
        self,
        count: int,
        device: torch.device,
        generator: torch.Generator | None,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        self._count, self._device, self._generator = count, device, generator
        self._rank, self._world = rank, world

    def uniform(self, low: float = 0.0, high: float = 1.0) -> Tensor:
        """(count,) numbers in [low, high)."""
        whole = self._count * self._world
        numbers = torch.rand(whole, generator=self._generator, device=self._device)
        own = numbers[self._rank * self._count : (self._rank + 1) * self._count]
        return low + (high - low) * own

    def happens(self, probability: float) -> Tensor:
        """(count,) booleans, true with `probability`."""
        return self.uniform() < probability


def make_views(
    images: Tensor,
    spec: ViewSpec,
    generator: torch.Generator | None = None,
    *,
    rank: int = 0,
    world: int = 1,
) -> Tensor:
    """One view an image: uint8 (B, 3, H, W) to float32 (B, 3, size, size), ImageNet-normalised.

    The images are part `rank` of a batch in `world` equal parts: each gets the view that it would
    get in the whole batch.
    """
    draws = Draws(images.shape[0], images.device, generator, rank, world)
    rows, columns = crop_matrices(images.shape[-2], images.shape[-1], spec, draws)
    # Scaled to [0, 1] only when cropped: on a CPU that halves the time of a small view.
    cropped = rows @ images.to(rows.dtype) @ columns.transpose(-1, -2) / 255  # (B, 3, size, size)
    return normalise_pixels(jitter_colours(cropped, spec, draws))


def normalise_pixels(pixels: Tensor) -> Tensor:
    """ImageNet's mean and deviation, for float pixels (B, 3, H, W) in [0, 1]."""
    like = (pixels.device, pixels.dtype)
    mean = constant(IMAGENET_MEAN, like).view(3, 1, 1)
    std = constant(IMAGENET_STD, like).view(3, 1, 1)
    return (pixels - mean) / std


def crop_matrices(height: int, width: int, spec: ViewSpec, draws: Draws) -> tuple[Tensor, Tensor]:
    """Matrices (B, 1, size, height) and (B, 1, size, width) of random resized crops with blur."""
    area = draws.uniform(*spec.scale) * height * width
    aspect = draws.uniform(math.log(spec.aspect[0]), math.log(spec.aspect[1])).exp()
    crop_height = (area / aspect).sqrt().clamp(1, height)
    crop_width = (area * aspect).sqrt().clamp(1, width)
    top = draws.uniform() * (height - crop_height)
    left = draws.uniform() * (width - crop_width)
    radius = draws.uniform(*spec.blur_radius) * spec.size / (spec.blur_reference_size or spec.size)
    smooth = blur_matrix(spec.size, radius * draws.happens(spec.blur))
    rows = smooth @ resize_matrix(spec.size, height, top, crop_height)
    columns = smooth @ resize_matrix(spec.size, width, left, crop_width)
    flipped = draws.happens(spec.flip).view(-1, 1, 1)
    columns = torch.where(flipped, columns.flip(1), columns)
    return rows.unsqueeze(1), columns.unsqueeze(1)


def resize_matrix(size: int, length: int, start: Tensor, extent: Tensor) -> Tensor:
    """Antialiased bilinear resampling of [start, start + extent) to `size`: (B, size, length)."""
    step = (extent / size).view(-1, 1, 1)
    outputs = torch.arange(size, device=start.device).view(1, -1, 1) + 0.5
    centres = start.view(-1, 1, 1) + outputs * step  # in source pixels
    sources = torch.arange(length, device=start.device).view(1, 1, -1) + 0.5
    weights = (1 - (sources - centres).abs() / step.clamp(min=1)).clamp(min=0)
    return weights / weights.sum(dim=-1, keepdim=True)


def blur_matrix(size: int, radius: Tensor) -> Tensor:
    """Gaussian blur along one axis, (B, size, size); a radius (B,) of zero is the identity."""
    positions = torch.arange(size, device=radius.device)
    squared = (positions[:, None] - positions[None, :]) ** 2
    weights = torch.exp(-squared / (2 * radius.clamp(min=1e-3).view(-1, 1, 1) ** 2))
    return weights / weights.sum(dim=-1, keepdim=True)


def jitter_colours(pixels: Tensor, spec: ViewSpec, draws: Draws) -> Tensor:
    """Random brightness, contrast, saturation, hue, greyscale of pixels (B, 3, H, W), 0 to 1."""
    matrix, offset = colour_matrices(pixels, spec, draws)
    coloured = matrix @ pixels.flatten(2) + offset  # (B, 3, H x W)
    return coloured.clamp(0, 1).view_as(pixels)


def colour_matrices(pixels: Tensor, spec: ViewSpec, draws: Draws) -> tuple[Tensor, Tensor]:
    """The colour change of each sample, as a matrix (B, 3, 3) and an offset (B, 1, 1)."""
    jittered = draws.happens(spec.jitter)
    brightness, contrast, saturation = (
        torch.where(jittered, draws.uniform(1 - strength, 1 + strength), 1.0).view(-1, 1, 1)
        for strength in (spec.brightness, spec.contrast, spec.saturation)
    )
    turn = draws.uniform(-spec.hue, spec.hue) * jittered
    saturation = torch.where(draws.happens(spec.grey).view(-1, 1, 1), 0.0, saturation)
    luma = constant(LUMA, (pixels.device, pixels.dtype))
    identity = torch.eye(3, device=pixels.device)
    saturate = saturation * identity + (1 - saturation) * luma.expand(3, 3)
    mean_grey = luma @ pixels.mean(dim=(2, 3)).T  # (B,)
    matrix = brightness * contrast * (hue_matrix(turn) @ saturate)
    return matrix, brightness * (1 - contrast) * mean_grey.view(-1, 1, 1)


def hue_matrix(turn: Tensor) -> Tensor:
    """Rotation of the colours (B, 3, 3) about the grey axis, in YIQ, by a share of a full turn."""
    like = (turn.device, turn.dtype)
    cos, sin = torch.cos(2 * math.pi * turn), torch.sin(2 * math.pi * turn)
    zero, one = torch.zeros_like(turn), torch.ones_like(turn)
    rotation = torch.stack([one, zero, zero, zero, cos, -sin, zero, sin, cos], dim=1)
    turned: Tensor = constant(FROM_YIQ, like) @ rotation.view(-1, 3, 3) @ constant(TO_YIQ, like)
    return turned
