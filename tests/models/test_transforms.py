import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydantic import ValidationError
from sklearn.datasets import load_sample_images
from torchvision import transforms as reference

from models.images import decode
from models.transforms import (
    EvaluationTransform,
    evaluation_batch,
    evaluation_crop,
    evaluation_pixels,
)

PROTOCOL = EvaluationTransform(resize=256, crop=224)
ONE_GREY_LEVEL = 1.01 / 255 / 0.224


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels).convert(mode)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize(
    "size", [(640, 427), (427, 640), (256, 256), (28, 28), (31, 97), (3000, 300), (1, 5), (7, 900)]
)
def test_equals_torchvisions_resize_and_centre_crop(
    size: tuple[int, int], interpolation: str
) -> None:
    image = noise(*size)
    transform = PROTOCOL.model_copy(update={"interpolation": interpolation})
    expected = reference.Compose(
        [
            reference.Resize(256, reference.InterpolationMode(interpolation)),
            reference.CenterCrop(224),
            reference.ToTensor(),
            reference.Normalize(transform.mean, transform.std),
        ]
    )(image)
    found = evaluation_pixels(image, transform)
    assert found.shape == (3, 224, 224)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected.numpy(), atol=ONE_GREY_LEVEL)


def test_large_photographs_are_reduced_first_without_a_visible_difference() -> None:
    coarse = noise(40, 30).resize((4000, 3000), Image.Resampling.BICUBIC)
    expected = reference.Compose([reference.Resize(256), reference.CenterCrop(224)])(coarse)
    transform = PROTOCOL.model_copy(update={"mean": (0, 0, 0), "std": (1, 1, 1)})
    levels = 255 * evaluation_pixels(coarse, transform).transpose(1, 2, 0)
    assert np.abs(levels - np.asarray(expected, dtype=np.float32)).max() < 4


@pytest.mark.parametrize("photograph", load_sample_images().images, ids=["china", "flower"])
def test_a_jpeg_that_is_decoded_smaller_looks_the_same(photograph: NDArray[np.uint8]) -> None:
    transform = EvaluationTransform(resize=64, crop=64)
    file = io.BytesIO()
    Image.fromarray(photograph).save(file, "JPEG", quality=95)
    smaller = decode(file.getvalue(), shrink_to=transform.decoded_side).image
    assert smaller.size == (320, 214)  # of 640 x 427
    whole = decode(file.getvalue()).image
    difference = evaluation_crop(smaller, transform) - evaluation_crop(whole, transform).astype(int)
    assert np.abs(difference).mean() < 1.5  # grey levels


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_jpeg_decoded_smaller_is_not_stretched_by_a_side_that_is_no_multiple(
    orientation: int,
) -> None:
    transform = EvaluationTransform(resize=24, crop=24)
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x0112] = orientation
    smooth = noise(10, 10).resize((24 * 24 + 1, 24 * 24 + 1), Image.Resampling.BICUBIC)
    smooth.save(file, "JPEG", quality=95, subsampling=0, exif=exif)
    smaller = decode(file.getvalue(), shrink_to=transform.decoded_side)
    whole = evaluation_crop(decode(file.getvalue()).image, transform).astype(int)
    assert smaller.image.size == (73, 73)  # of which the last is an eighth
    assert np.abs(evaluation_crop(smaller.image, transform, smaller.box) - whole).mean() < 0.35
    assert np.abs(evaluation_crop(smaller.image, transform) - whole).mean() > 0.7


def test_the_ends_of_a_strip_are_cut_alike_however_small_it_is_decoded() -> None:
    transform = EvaluationTransform(resize=16, crop=16)
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x0112] = 8
    strip = noise(100, 10).resize((3001, 201), Image.Resampling.BICUBIC)
    strip.save(file, "JPEG", quality=95, exif=exif)
    smaller = decode(file.getvalue(), shrink_to=transform.decoded_side)
    whole = evaluation_crop(decode(file.getvalue()).image, transform).astype(int)
    assert list(smaller.box) == [0, 0.75, 50.25, 751]
    assert np.abs(evaluation_crop(smaller.image, transform, smaller.box) - whole).mean() < 1.5


def test_a_jpeg_of_less_than_six_times_the_size_is_decoded_whole() -> None:
    transform = EvaluationTransform(resize=50, crop=45)
    file = io.BytesIO()
    noise(400, 298).save(file, "JPEG")
    assert decode(file.getvalue(), shrink_to=transform.decoded_side).image.size == (400, 298)


def test_never_resizes_the_far_ends_of_a_long_strip() -> None:
    strip = Image.new("RGB", (100_000, 1), "red")  # whole, it would take 20 GB at this size
    assert evaluation_pixels(strip, PROTOCOL).shape == (3, 224, 224)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "CMYK", "I;16"])
def test_takes_any_mode(mode: str) -> None:
    image = Image.new("I;16", (40, 30)) if mode == "I;16" else noise(40, 30, mode)
    assert evaluation_pixels(image, PROTOCOL).shape == (3, 224, 224)


def test_a_batch_holds_each_image_as_if_alone() -> None:
    images = [noise(50, 40), noise(300, 200)]
    batch = evaluation_batch(images, PROTOCOL)
    for row, image in zip(batch, images, strict=True):
        np.testing.assert_array_equal(row, evaluation_pixels(image, PROTOCOL))
    assert evaluation_batch([], PROTOCOL).shape == (0, 3, 224, 224)


def test_refuses_a_crop_larger_than_the_resized_image() -> None:
    with pytest.raises(ValidationError, match="crop 224 is larger than resize 200"):
        EvaluationTransform(resize=200, crop=224)
