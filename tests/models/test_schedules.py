"""Schedules: their end points, their stretch and their direction."""

import pytest

from models.schedules import cosine, linear, warmup_cosine


def rate(step: int) -> float:
    return warmup_cosine(step, steps=100, warmup=10, start=0.2, peak=1.0, final=0.01)


def test_warm_up_is_linear_and_ends_at_the_peak() -> None:
    assert [rate(step) for step in (0, 5, 10)] == pytest.approx([0.2, 0.6, 1.0])


def test_the_cosine_is_half_way_in_the_middle_and_ends_after_the_run() -> None:
    assert warmup_cosine(67, steps=100, warmup=9, start=0.2, peak=1.0, final=0.0) == pytest.approx(
        0.5
    )
    assert rate(100) > 0.08
    assert rate(125) == pytest.approx(0.01)


def test_the_rate_only_falls_after_the_warm_up() -> None:
    rates = [rate(step) for step in range(10, 126)]
    assert rates == sorted(rates, reverse=True)


def test_a_run_without_warm_up_starts_at_the_peak() -> None:
    assert warmup_cosine(0, steps=10, warmup=0, start=0, peak=1, final=0) == 1


def test_a_run_shorter_than_its_warm_up_still_reaches_the_peak() -> None:
    rates = [
        warmup_cosine(step, steps=40, warmup=100, start=0.2, peak=1.0, final=0.0)
        for step in range(40)
    ]
    assert max(rates) == rates[10] == 1.0


def test_weight_decay_rises_along_half_a_cosine() -> None:
    values = [cosine(step, steps=80, start=0.04, final=0.4) for step in (0, 50, 100, 120)]
    assert values == pytest.approx([0.04, 0.22, 0.4, 0.4])


def test_momentum_rises_along_a_line_over_one_and_a_quarter_runs() -> None:
    values = [linear(step, steps=80, start=0.996, final=1.0) for step in (0, 50, 80, 100, 120)]
    assert values == pytest.approx([0.996, 0.998, 0.9992, 1.0, 1.0])
