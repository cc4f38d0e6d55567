"""The evaluation transform inside the graph, beside Pillow's."""

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from sklearn.datasets import load_sample_image

from models.portable.preprocessing import add_evaluation
from models.transforms import EvaluationTransform, Interpolation, evaluation_pixels
from tests.models.portable.running import run_graph


def differences(image: Image.Image, transform: EvaluationTransform) -> npt.NDArray[np.float64]:
    """To what Pillow makes of it, in levels of 255: (3, crop, crop)."""
    found = run_graph(
        lambda graph, pixels: add_evaluation(graph, pixels, transform), np.asarray(image)
    )
    away = found[0] - evaluation_pixels(image, transform)
    return np.asarray(away * 255 * np.array(transform.std)[:, None, None], dtype=np.float64)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize(
    "size",
    [(640, 427), (427, 640), (100, 100), (90, 61), (31, 40), (64, 64), (7, 5), (1, 1), (300, 3)],
)
def test_no_pixel_is_two_levels_away(size: tuple[int, int], interpolation: Interpolation) -> None:
    photo = Image.fromarray(load_sample_image("china.jpg")).resize(size)
    transform = EvaluationTransform(resize=72, crop=64, interpolation=interpolation)
    away = differences(photo, transform)
    assert np.abs(away).max() < 2.01
    assert np.abs(away).mean() < 0.1


@pytest.mark.parametrize("size", [(2000, 13), (13, 2000)])
def test_the_far_ends_of_a_strip_are_cut_off_before(size: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
    away = differences(Image.fromarray(noise), EvaluationTransform(resize=36, crop=32))
    assert np.abs(away).max() < 2.01


def test_large_photographs_differ_by_what_pillow_leaves_out() -> None:
    """Beyond six times the size Pillow halves with a box first, which ONNX Runtime does not."""
    photo = Image.fromarray(load_sample_image("china.jpg")).resize((2400, 1601))
    away = np.abs(differences(photo, EvaluationTransform(resize=72, crop=64)))
    assert away.max() < 8
    assert away.mean() < 0.5
