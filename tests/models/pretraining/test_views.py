"""Views: shapes and ranges, parameters a sample, and each transformation against plain torch."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from models.pretraining.view_spec import ViewSpec
from models.pretraining.views import (
    Draws,
    blur_matrix,
    crop_matrices,
    hue_matrix,
    jitter_colours,
    make_views,
    normalise_pixels,
    resize_matrix,
)
from models.transforms import IMAGENET_MEAN, IMAGENET_STD

PLAIN = {"flip": 0.0, "jitter": 0.0, "grey": 0.0, "blur": 0.0}
# The whole image, at its own shape.
WHOLE = {"scale": (1.0, 1.0), "aspect": (1.0, 1.0)}


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def photographs(count: int = 4, size: int = 32) -> Tensor:
    noise = torch.rand(count, 3, 8, 8, generator=generator(1))
    return (F.interpolate(noise, size=size, mode="bicubic").clamp(0, 1) * 255).byte()


def pixels_of(views: Tensor) -> Tensor:
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
    return views * std + mean


@pytest.mark.parametrize("size", [16, 24, 48])
def test_views_have_the_asked_size_and_valid_pixels(size: int) -> None:
    views = make_views(photographs(), ViewSpec(size=size, scale=(0.05, 1.0)), generator())
    assert views.shape == (4, 3, size, size)
    assert views.dtype == torch.float32
    assert pixels_of(views).min() >= -1e-5
    assert pixels_of(views).max() <= 1 + 1e-5


def test_a_view_without_changes_is_the_image() -> None:
    images = photographs()
    spec = ViewSpec(size=32, **WHOLE, **PLAIN)  # type: ignore[arg-type]
    torch.testing.assert_close(
        make_views(images, spec, generator()), normalise_pixels(images / 255), atol=1e-5, rtol=0
    )


def test_copies_of_one_image_get_views_of_their_own() -> None:
    images = photographs(1).expand(6, -1, -1, -1)
    views = make_views(images, ViewSpec(size=16, scale=(0.3, 1.0)), generator())
    distances = torch.cdist(views.flatten(1), views.flatten(1)) + 99 * torch.eye(6)
    assert distances.min() > 1


def test_the_generator_decides_the_views() -> None:
    spec = ViewSpec(size=16, scale=(0.3, 1.0))
    first, again, other = (make_views(photographs(), spec, generator(s)) for s in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.allclose(first, other)


def test_about_half_of_the_views_are_flipped() -> None:
    images = torch.zeros(400, 3, 8, 8, dtype=torch.uint8)
    images[..., :4] = 255
    spec = ViewSpec(size=8, **WHOLE, **(PLAIN | {"flip": 0.5}))  # type: ignore[arg-type]
    bright_left = make_views(images, spec, generator())[:, 0, 0, 0] > 0
    assert 0.4 < bright_left.float().mean() < 0.6


def test_resizing_equals_antialiased_interpolation() -> None:
    image = photographs(1, 32) / 255
    matrix = resize_matrix(12, 32, torch.tensor([0.0]), torch.tensor([32.0]))
    expected = F.interpolate(image, size=(12, 12), mode="bilinear", antialias=True)
    torch.testing.assert_close(matrix @ image @ matrix.mT, expected, atol=1e-5, rtol=1e-4)


def test_enlarging_a_crop_equals_interpolation_inside_it() -> None:
    image = photographs(1, 32) / 255
    matrix = resize_matrix(20, 32, torch.tensor([8.0]), torch.tensor([10.0]))
    expected = F.interpolate(image[..., 8:18, 8:18], size=(20, 20), mode="bilinear")
    inside = (..., slice(2, -2), slice(2, -2))  # a crop's edge sees the pixels beyond it
    torch.testing.assert_close((matrix @ image @ matrix.mT)[inside], expected[inside])


def test_blur_keeps_the_mean_and_zero_radius_is_the_identity() -> None:
    matrices = blur_matrix(9, torch.tensor([0.0, 0.8]))
    torch.testing.assert_close(matrices[0], torch.eye(9))
    torch.testing.assert_close(matrices[1].sum(dim=1), torch.ones(9))
    ratio = matrices[1, 4, 5] / matrices[1, 4, 4]
    assert ratio.item() == pytest.approx(math.exp(-1 / (2 * 0.8**2)), rel=1e-4)


@pytest.mark.parametrize(("reference", "radius"), [(None, 1.0), (32, 0.5)])
def test_the_blur_is_in_pixels_of_the_view_or_in_proportion(
    reference: int | None, radius: float
) -> None:
    blurred = PLAIN | {"blur": 1.0}
    spec = ViewSpec(size=16, **WHOLE, **blurred, blur_radius=(1, 1), blur_reference_size=reference)  # type: ignore[arg-type]
    rows, _ = crop_matrices(16, 16, spec, Draws(1, torch.device("cpu"), generator()))
    torch.testing.assert_close(rows[0], blur_matrix(16, torch.tensor([radius])))


def test_turning_the_hue_keeps_greys_and_a_full_turn_keeps_colours() -> None:
    matrices = hue_matrix(torch.tensor([0.1, 1.0]))
    grey = torch.full((3,), 0.4)
    torch.testing.assert_close(matrices[0] @ grey, grey, atol=1e-4, rtol=0)
    torch.testing.assert_close(matrices[1], torch.eye(3), atol=1e-4, rtol=0)
    red = matrices[0] @ torch.tensor([1.0, 0.0, 0.0])
    assert (red - torch.tensor([1.0, 0.0, 0.0])).norm() > 0.2


def test_certain_greyscale_leaves_no_colour() -> None:
    spec = ViewSpec(size=16, scale=(0.3, 1.0), grey=1.0)
    views = pixels_of(make_views(photographs(), spec, generator()))
    torch.testing.assert_close(views[:, 0], views[:, 1], atol=1e-3, rtol=0)
    torch.testing.assert_close(views[:, 0], views[:, 2], atol=1e-3, rtol=0)


def test_brightness_scales_pixels_by_a_factor_in_its_range() -> None:
    spec = ViewSpec(
        size=8, scale=(1, 1), jitter=1, brightness=0.4, contrast=0, saturation=0, hue=0, grey=0
    )
    pixels = torch.full((500, 3, 8, 8), 0.5)
    factors = jitter_colours(pixels, spec, Draws(500, pixels.device, generator())) / 0.5
    assert 0.6 <= factors.min() < 0.63
    assert 1.37 < factors.max() <= 1.4


def test_contrast_leaves_the_mean_brightness() -> None:
    spec = ViewSpec(
        size=8, scale=(1, 1), jitter=1, brightness=0, contrast=0.4, saturation=0, hue=0, grey=0
    )
    pixels = 0.4 + 0.2 * torch.rand(50, 1, 8, 8, generator=generator()).expand(-1, 3, -1, -1)
    changed = jitter_colours(pixels, spec, Draws(50, pixels.device, generator()))
    torch.testing.assert_close(changed.mean(dim=(1, 2, 3)), pixels.mean(dim=(1, 2, 3)))
    assert changed.std(dim=(1, 2, 3)).std() > 0.001


def test_parts_of_a_batch_get_the_views_of_the_whole_batch() -> None:
    spec, images = ViewSpec(size=16, scale=(0.3, 1.0)), photographs(6)
    whole = make_views(images, spec, generator())
    parts = [
        make_views(images[3 * rank : 3 * rank + 3], spec, generator(), rank=rank, world=2)
        for rank in range(2)
    ]
    torch.testing.assert_close(torch.cat(parts), whole)
