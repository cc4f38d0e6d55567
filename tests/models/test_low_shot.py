from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from models.classifiers import PrototypeClassifier
from models.images import decode
from models.labelled_folder import read_labelled
from models.low_shot import low_shot_table, raw_pixel_features
from models.low_shot_splits import draw


def test_each_head_and_shot_count_has_a_draw_for_each_seed() -> None:
    X, y = load_digits(return_X_y=True)

    table = low_shot_table(X, y, shots=(1, 5), seeds=3)

    cells = [(result.head, result.shots, len(result.draws)) for result in table]
    assert cells == [
        ("logistic", 1, 3),
        ("prototype", 1, 3),
        ("logistic", 5, 3),
        ("prototype", 5, 3),
    ]
    for one, five in zip(table[:2], table[2:], strict=True):
        assert 0.45 < one.mean < five.mean < 0.95
        assert one.std == pytest.approx(np.std(one.draws))


def test_the_labelled_images_are_not_tested() -> None:
    # Features that only tell the images apart: what was not labelled cannot be known.
    X, y = np.eye(40), np.repeat(["a", "b"], 20)

    (result,) = low_shot_table(X, y, (5,), 4, {"prototype": PrototypeClassifier})

    assert result.mean < 0.7


def test_a_draw_has_the_asked_number_of_each_class_and_depends_on_the_seed() -> None:
    y = np.repeat(["a", "b", "c"], [4, 10, 30])

    drawn = draw(y, 3, seed=0)

    assert np.unique(y[drawn], return_counts=True)[1].tolist() == [3, 3, 3]
    np.testing.assert_array_equal(drawn, draw(y, 3, seed=0))
    assert (drawn != draw(y, 3, seed=1)).any()


def test_a_class_with_no_image_left_to_test_is_named() -> None:
    y = np.repeat(["cat", "hen"], [10, 5])

    with pytest.raises(ValueError, match="class 'hen' has 5 images"):
        low_shot_table(np.eye(15), y, shots=(5,))


def test_raw_pixels_are_small_rgb_values_in_the_unit_interval() -> None:
    images = [Image.new("L", (100, 40), 255), Image.new("RGB", (7, 9), (0, 255, 0))]

    features = raw_pixel_features(images, side=4)

    assert features.shape == (2, 48)
    assert features.dtype == np.float32
    assert features[0].tolist() == [1.0] * 48
    assert features[1].tolist() == [0.0, 1.0, 0.0] * 16


def test_raw_pixels_of_real_photographs_beat_chance_only(shared_data: Path) -> None:
    files = list(read_labelled(shared_data / "data" / "objects.zip"))
    X = raw_pixel_features([decode(file.data).image for file in files])

    (result,) = low_shot_table(
        X, [file.label for file in files], (5,), 2, {"prototype": PrototypeClassifier}
    )

    assert len(files) == 750
    assert 2 / 25 < result.mean < 0.5
