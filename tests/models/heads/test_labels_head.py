import numpy as np
import pytest

from models.heads.labels_head import LabelsClassifier
from tests.models.clusters import clusters


@pytest.mark.parametrize("counts", [[1], [1, 1, 1], [1, 2, 5], [30, 1]])
def test_it_answers_from_the_first_label_on(counts: list[int]) -> None:
    X, y = clusters(counts, noise=0.3)

    head = LabelsClassifier().fit(X, y)

    np.testing.assert_array_equal(head.predict(X), y)
    np.testing.assert_allclose(head.predict_proba(X).sum(axis=1), 1, rtol=1e-5)


def test_more_labels_of_one_class_do_not_take_the_images_of_another() -> None:
    X, y = clusters([200, 3], noise=0.8, seed=1)
    tests = clusters([100, 100], noise=0.8, seed=2)

    right = LabelsClassifier().fit(X, y).predict(tests.X) == tests.y

    assert right[100:].mean() > 0.95


# The more of them are in single precision.
@pytest.mark.parametrize(("each", "dimension"), [(2, 8), (100, 384)])
def test_identical_features_in_two_classes_are_a_draw(each: int, dimension: int) -> None:
    X = np.tile(np.arange(float(dimension)) ** 1.5, (2 * each, 1))

    head = LabelsClassifier().fit(X, ["a"] * each + ["b"] * each)

    np.testing.assert_allclose(head.predict_proba(X), 0.5, atol=1e-6)


def test_a_thousand_classes_of_one_label_are_told_apart() -> None:
    X, y = clusters([1] * 1000, dimension=64)

    assert np.mean(LabelsClassifier().fit(X, y).predict(X) == y) > 0.99


def test_what_another_encoder_settled_is_no_start() -> None:
    small, large = (clusters([3, 3], dimension=dimension) for dimension in (8, 16))

    head = LabelsClassifier().fit(*small).settled().fit(*large)

    np.testing.assert_array_equal(head.predict(large.X), large.y)


def test_a_start_from_more_labels_changes_no_answer() -> None:
    X, y = clusters([20] * 12, dimension=128, noise=3.0)
    known = np.arange(len(y)) % 5 > 0
    head = LabelsClassifier().fit(X, y)

    warm = head.settled().fit(X[known], y[known]).predict_proba(X[~known])

    cold = LabelsClassifier().fit(X[known], y[known]).predict_proba(X[~known])
    np.testing.assert_allclose(warm, cold, atol=1e-3)
    assert abs(warm - head.predict_proba(X[~known])).max() > 0.01
