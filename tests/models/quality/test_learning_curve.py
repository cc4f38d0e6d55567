import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.heads.by_name import build_classifier
from models.quality.learning_curve import LearningCurve, forecast, learning_curve, verdict
from models.quality.power_law import Measured, PowerLaw

TOO_FEW = "too few labels to say"


def clusters(
    counts: list[int], noise: float = 1.0, seed: int = 0
) -> tuple[npt.NDArray[np.float32], list[str]]:
    """One cluster a class, of so many samples each."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(size=(len(counts), 32))
    codes = np.repeat(np.arange(len(counts)), counts)
    features = centres[codes] + noise * rng.normal(size=(len(codes), 32))
    return features.astype(np.float32), [f"class-{code:04}" for code in codes]


def curve_of(*accuracies: float, labels: int = 40, shots: float = 4.0) -> LearningCurve:
    measured = [Measured(shots / 2**at, each, 1000) for at, each in enumerate(accuracies)]
    return LearningCurve((), labels, shots, PowerLaw.fit(measured))


def test_points_go_from_one_label_a_class_to_four_fifths_of_them() -> None:
    curve = learning_curve(*clusters([10] * 4))

    assert [point.labels for point in curve.points] == [4, 8, 16, 32]
    assert all(0 <= point.low <= point.accuracy <= point.high <= 1 for point in curve.points)


def test_more_labels_are_measured_to_be_worth_more() -> None:
    points = learning_curve(*clusters([10] * 8, noise=2.0)).points

    assert points[-1].accuracy > points[0].accuracy + 0.1


def test_at_two_labels_a_class_the_estimate_makes_up_for_the_one_that_was_held_out() -> None:
    errors, covered = [], []
    for seed in range(6):
        X, y = clusters([2] * 10, noise=1.5, seed=seed)
        new, actual = clusters([50] * 10, noise=1.5, seed=99)
        truth = float(np.mean(build_classifier("auto", None).fit(X, y).predict(new) == actual))
        curve = learning_curve(X, y)
        assert curve.estimate is not None
        errors.append([curve.points[-1].accuracy - truth, curve.estimate.accuracy - truth])
        covered.append(curve.estimate.low <= truth <= curve.estimate.high)

    measured, estimated = np.mean(errors, axis=0)
    assert measured < -0.1
    assert abs(estimated) < 0.7 * abs(measured)
    assert sum(covered) >= 5


def test_the_forecast_is_of_so_many_labels_in_total() -> None:
    curve = curve_of(0.7)
    coming = forecast(curve, extra=10)

    assert coming is not None
    assert curve.estimate is not None
    assert coming.labels == 50
    assert coming.accuracy > curve.estimate.accuracy


def test_labels_are_asked_for_while_they_bring_something() -> None:
    assert verdict(curve_of(0.7)).startswith("label more: 10 more labels would bring about +")


def test_labels_enough_are_called_enough() -> None:
    assert verdict(curve_of(0.97, labels=400, shots=40)).startswith("enough: twice the labels")


def test_a_wide_interval_says_nothing() -> None:
    law = PowerLaw.fit([Measured(1, 0.5, 4)])

    assert verdict(LearningCurve((), 4, 2.0, law)) == TOO_FEW


def test_tests_never_see_a_head_that_knows_them() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 200)), rng.permutation(np.repeat(["a", "b"], 20))

    assert all(point.accuracy < 0.75 for point in learning_curve(X, y).points)


def test_a_pool_is_learned_from_too() -> None:
    X, y = clusters([3] * 8, noise=1.5)
    pool, _ = clusters([60] * 8, noise=1.5, seed=1)

    alone, together = learning_curve(X, y), learning_curve(X, y, pool=pool)

    assert together.points[0].accuracy > alone.points[0].accuracy


@pytest.mark.parametrize("counts", [[1], [6], [1, 1], [1] * 1000])
def test_where_nothing_can_be_held_out_nothing_is_said(counts: list[int]) -> None:
    curve = learning_curve(*clusters(counts))

    assert (curve.points, curve.estimate, forecast(curve)) == ((), None, None)
    assert verdict(curve) == TOO_FEW


def test_identical_features_are_a_guess() -> None:
    curve = learning_curve(np.ones((20, 8)), ["a", "b"] * 10)

    assert curve.estimate is not None
    assert curve.estimate.low < 0.5 < curve.estimate.high


def test_the_same_images_in_two_classes_are_a_guess() -> None:
    X, _ = clusters([10])

    curve = learning_curve(np.concatenate([X, X]), np.repeat(["a", "b"], 10))

    assert curve.estimate is not None
    assert curve.estimate.accuracy < 0.6


def test_a_class_a_thousand_times_larger_is_measured_beside_the_small_one() -> None:
    curve = learning_curve(*clusters([2000, 2]))

    assert [point.labels for point in curve.points] == sorted(
        point.labels for point in curve.points
    )
    assert curve.points[-1].labels < 2002


@settings(max_examples=15)
@given(st.lists(st.integers(1, 8), min_size=1, max_size=5))
def test_whatever_the_counts_every_point_is_a_share_of_fewer_labels(counts: list[int]) -> None:
    curve = learning_curve(*clusters(counts))

    assert all(point.labels < sum(counts) for point in curve.points)
    assert (curve.estimate is None) == (len(counts) < 2 or max(counts) < 2)
