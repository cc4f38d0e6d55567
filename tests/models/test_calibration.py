from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from models.calibration import (
    Estimate,
    estimate_accuracy,
    fit_temperature,
    foresee_temperature,
    wilson_interval,
)
from models.quality.cross_validation import HeldOut


def held_out_at(temperature: float, count: int = 4000) -> HeldOut:
    """Logits whose softmax at this temperature is the truth."""
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(count, 5))
    codes = (scores + rng.gumbel(size=scores.shape)).argmax(axis=1)
    return HeldOut(scores * temperature, codes, np.arange(count))


@pytest.mark.parametrize("temperature", [0.3, 1.0, 3.0])
def test_the_temperature_of_many_examples_is_found(temperature: float) -> None:
    assert fit_temperature(held_out_at(temperature), 1.0) == pytest.approx(temperature, rel=0.1)


def test_a_few_right_answers_do_not_make_the_head_certain() -> None:
    right = HeldOut(np.eye(2), np.arange(2), np.arange(2))

    assert 0.3 < fit_temperature(right, 1.0) < 1.0


def test_useless_logits_end_at_a_high_but_finite_temperature() -> None:
    rng = np.random.default_rng(0)
    useless = HeldOut(rng.normal(size=(500, 4)), rng.integers(0, 4, 500), np.arange(500))

    assert 3 < fit_temperature(useless, 1.0) <= 20


def test_calibration_brings_confidence_to_the_accuracy() -> None:
    def gap(temperature: float) -> float:
        confidence = softmax(held_out.logits / temperature, axis=1).max(axis=1)
        return abs(confidence.mean() - held_out.right.mean())

    held_out = held_out_at(0.25)

    assert gap(fit_temperature(held_out, 1.0)) < 0.03 < gap(1.0)


def test_a_head_that_sees_more_labels_than_its_judges_is_surer() -> None:
    whole = held_out_at(1.0)
    half = replace(whole, seen=0.5)

    def errors(temperature: float) -> float:
        return float(1 - softmax(whole.logits / temperature, axis=1).max(axis=1).mean())

    assert foresee_temperature(whole, 1.0) == 1.0
    assert errors(foresee_temperature(half, 1.0)) == pytest.approx(errors(1.0) * 0.5**0.2, rel=1e-3)


def test_logits_that_say_nothing_keep_their_temperature() -> None:
    nothing = HeldOut(np.zeros((10, 3)), np.zeros(10, dtype=int), np.arange(10), seen=0.5)

    assert foresee_temperature(nothing, 2.0) == 2.0


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),
    # Published values of the 95 % score interval (Newcombe, 1998, and exact arithmetic).
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (5, 5, 0.5655, 1)],
)
def test_the_interval_is_wilsons(right: int, count: int, low: float, high: float) -> None:
    assert wilson_interval(right, count) == pytest.approx((low, high), abs=1e-4)


@given(st.integers(1, 500), st.data())
def test_the_interval_holds_the_estimate(count: int, data: st.DataObject) -> None:
    estimate = Estimate(data.draw(st.integers(0, count)), count)

    assert 0 <= estimate.low <= estimate.accuracy + 1e-12
    assert estimate.accuracy - 1e-12 <= estimate.high <= 1


def test_the_estimate_makes_up_for_the_labels_that_were_held_out() -> None:
    right = HeldOut(np.eye(2)[[0] * 12 + [1] * 8], np.zeros(20, dtype=int), np.arange(20))
    y = np.repeat([str(code) for code in range(10)], 2)

    whole = estimate_accuracy(right, y)
    half = estimate_accuracy(replace(right, seen=0.5), y)

    assert (whole.accuracy, whole.count) == (0.6, 20)
    assert 0.65 < half.accuracy < 0.75
    assert half.low < whole.accuracy
    assert half.high > whole.high
