import numpy as np
import pytest

from models.quality.calibration_error import expected_calibration_error


def test_promises_that_come_true_have_no_error() -> None:
    confidence = [0.75] * 4 + [1.0] * 2
    right = [True, True, True, False, True, True]
    assert expected_calibration_error(confidence, right) == pytest.approx(0)


def test_the_error_is_the_distance_between_promise_and_truth_weighed_by_answers() -> None:
    # Three answers promise 0.9 and one comes true; one promises 0.5 and does not.
    error = expected_calibration_error([0.9, 0.9, 0.9, 0.5], [True, False, False, False])
    assert error == pytest.approx((3 * (0.9 - 1 / 3) + 0.5) / 4)


def test_too_high_and_too_low_promises_do_not_cancel_out_across_bins() -> None:
    confidence, right = [0.9, 0.1], [False, True]
    assert expected_calibration_error(confidence, right, bins=1) == pytest.approx(0)
    assert expected_calibration_error(confidence, right, bins=2) == pytest.approx(0.9)


def test_calibrated_answers_of_any_confidence_come_near_zero() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.uniform(size=100_000)
    right = rng.uniform(size=len(confidence)) < confidence
    assert expected_calibration_error(confidence, right) < 0.01
    assert expected_calibration_error(confidence, np.ones_like(right)) == pytest.approx(
        0.5, abs=0.01
    )


def test_no_answers_are_refused() -> None:
    with pytest.raises(ValueError, match="no answer"):
        expected_calibration_error([], [])
