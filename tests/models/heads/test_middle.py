import numpy as np
import pytest
from numpy.typing import NDArray

from models.features import normalise
from models.heads.labels_head import LabelsClassifier
from models.heads.middle import middle_of
from models.heads.pool_head import PoolClassifier
from tests.models.clusters import clusters


def test_few_labels_draw_the_middle_to_zero_and_many_leave_it() -> None:
    few, many = (
        _sureness(clusters([each] * 4, noise=0.5).X + 1 / np.arange(1, 33)) for each in (1, 500)
    )

    assert few < 0.9
    assert many == pytest.approx(1, abs=0.02)


def test_equal_images_are_a_sure_middle() -> None:
    features = normalise(np.tile(np.arange(8.0), (5, 1)))

    np.testing.assert_array_equal(middle_of(features, np.array([0, 0, 0, 1, 1])), features[0])


def test_labels_that_cancel_out_have_their_middle_at_zero() -> None:
    features = normalise(np.array([[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0]]))

    np.testing.assert_allclose(middle_of(features, np.array([0, 1])), 0, atol=1e-7)


def test_one_class_counts_as_much_as_another() -> None:
    X, y = clusters([200, 3], noise=0.1)
    codes = np.unique(y, return_inverse=True)[1]

    middle = middle_of(normalise(X), codes)

    means = [normalise(X)[codes == code].mean(axis=0) for code in (0, 1)]
    distances = [float(np.linalg.norm(middle - mean)) for mean in means]
    assert distances[0] == pytest.approx(distances[1], rel=0.1)


@pytest.mark.parametrize("names", ["ab", "aabb", "aaab", "aaabbccccc"])
def test_equal_images_of_several_classes_stay_a_draw_with_and_without_a_pool(names: str) -> None:
    X = np.tile(np.random.default_rng(0).normal(size=64), (len(names), 1))
    answers = [
        LabelsClassifier().fit(X, list(names)).predict_proba(X),
        PoolClassifier().fit(X, list(names), X[:1].repeat(6, axis=0)).predict_proba(X),
    ]

    np.testing.assert_allclose(answers, 1 / len(set(names)), atol=1e-6)


def _sureness(X: NDArray[np.float64]) -> float:
    """The middle's length, in lengths of the mean of the class means; X: sorted by class, 4."""
    features = normalise(X)
    codes = np.repeat(np.arange(4), len(X) // 4)
    return float(np.linalg.norm(middle_of(features, codes)) / np.linalg.norm(features.mean(axis=0)))
