from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from models.classifiers import LogisticRegressionClassifier, PrototypeClassifier
from models.images import decode
from models.low_shot.labelled_folder import read_labelled
from models.low_shot.protocol import Array, HeadFactory, low_shot_table, measure, raw_pixel_features
from models.low_shot.splits import Split, draw, draw_split

HEADS: dict[str, HeadFactory] = {
    "logistic": LogisticRegressionClassifier,
    "prototype": PrototypeClassifier,
}
PROTOTYPE: dict[str, HeadFactory] = {"prototype": PrototypeClassifier}


def test_each_head_and_shot_count_has_a_draw_for_each_seed() -> None:
    X, y = load_digits(return_X_y=True)

    table = low_shot_table(X, y, (1, 5), 3, HEADS)

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

    (result,) = low_shot_table(X, y, (5,), 4, PROTOTYPE)

    assert result.mean < 0.7


class Answers:
    """Knows everything, and is as sure of each class as it is told."""

    def __init__(self, classes: Array, sure: float) -> None:
        self.classes_ = np.unique(classes)
        self._sure = sure

    def predict_proba(self, X: npt.ArrayLike) -> npt.NDArray[np.float64]:
        codes = np.asarray(X)[:, 0].astype(int)
        probabilities = np.full((len(codes), len(self.classes_)), 1 - self._sure)
        probabilities[np.arange(len(codes)), codes] = self._sure
        return probabilities


def numbered() -> tuple[Array, Array]:
    """Forty images of two classes; a feature tells the class, another one which image it is."""
    codes = np.repeat([0, 1], 20)
    return np.stack([codes, np.arange(40)], axis=1), np.array(["a", "b"])[codes]


def test_a_head_learns_from_labels_and_pool_and_is_asked_about_the_rest() -> None:
    X, y = numbered()
    seen: list[tuple[set[int], set[int]]] = []

    def fit(features: Array, labels: Array, pool: Array | None) -> Answers:
        assert pool is not None
        seen.append((set(features[:, 1].tolist()), set(pool[:, 1].tolist())))
        return Answers(labels, sure=0.75)

    splits = [draw_split(y, 2, seed) for seed in range(3)]
    (result,) = measure(X, y, 2, splits, {"knows all": fit})

    assert seen == [(set(s.labelled.tolist()), set(s.pool.tolist())) for s in splits]
    assert result.draws == (1.0, 1.0, 1.0)
    assert result.ece == pytest.approx(0.25)
    assert 0 <= result.fit_seconds < 1


def test_without_unlabelled_images_there_is_no_pool() -> None:
    X, y = numbered()
    pools = []

    def fit(features: Array, labels: Array, pool: Array | None) -> Answers:
        pools.append(pool)
        return Answers(labels, sure=1.0)

    split = Split(np.array([0, 20]), np.array([], dtype=int), {"": np.array([1, 21])})
    list(measure(X, y, 1, [split], {"head": fit}))
    assert pools == [None]


def test_several_sets_of_tests_have_a_result_each_and_one_for_their_mean() -> None:
    X, y = numbered()
    # In one set the images are not what their labels say, and are twice as many.
    y[5:9] = "b"
    split = draw_split(y, 2, 0, {"right": np.array([10, 11]), "wrong": np.arange(5, 9)})

    def fit(features: Array, labels: Array, pool: Array | None) -> Answers:
        return Answers(labels, sure=1.0)

    results = {each.tests: each for each in measure(X, y, 2, [split], {"head": fit})}

    assert {name: each.draws for name, each in results.items()} == {
        "right": (1.0,),
        "wrong": (0.0,),
        "mean of 2": (0.5,),
    }
    assert results["mean of 2"].ece == pytest.approx(4 / 6)


def test_many_tests_are_answered_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = load_digits(return_X_y=True)
    whole = low_shot_table(X, y, (5,), 2, PROTOTYPE)
    monkeypatch.setattr("models.low_shot.protocol.AT_ONCE", 100)
    parts = low_shot_table(X, y, (5,), 2, PROTOTYPE)
    assert [each.draws for each in parts] == [each.draws for each in whole]
    assert parts[0].ece == pytest.approx(whole[0].ece)


def test_a_draw_has_the_asked_number_of_each_class_and_depends_on_the_seed() -> None:
    y = np.repeat(["a", "b", "c"], [4, 10, 30])

    drawn = draw(y, 3, seed=0)

    assert np.unique(y[drawn], return_counts=True)[1].tolist() == [3, 3, 3]
    np.testing.assert_array_equal(drawn, draw(y, 3, seed=0))
    assert (drawn != draw(y, 3, seed=1)).any()


def test_a_class_with_no_image_left_to_test_is_named() -> None:
    y = np.repeat(["cat", "hen"], [10, 5])

    with pytest.raises(ValueError, match="class 'hen' has 5 images"):
        low_shot_table(np.eye(15), y, (5,), 1, PROTOTYPE)


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

    (result,) = low_shot_table(X, [file.label for file in files], (5,), 2, PROTOTYPE)

    assert len(files) == 750
    assert 2 / 25 < result.mean < 0.5
