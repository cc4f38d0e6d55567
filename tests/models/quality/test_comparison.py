import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.quality.comparison import compare


def test_the_difference_is_b_less_a() -> None:
    comparison = compare([True, True, False, False], [True, True, True, False])

    assert (comparison.accuracy_a, comparison.accuracy_b) == (0.5, 0.75)
    assert comparison.difference == 0.25
    assert comparison.count == 4


def test_p_is_that_of_the_exact_test_of_mcnemar() -> None:
    comparison = compare([True] * 10 + [False] * 9 + [True], [True] * 10 + [True] * 9 + [False])

    assert comparison.p == pytest.approx(2 * (1 + 10) / 2**10)
    assert comparison.verdict("one", "two") == "two is better by 40.0 points"
    assert comparison.low > 0


def test_a_few_different_answers_say_nothing() -> None:
    comparison = compare([True] * 20, [True] * 16 + [False] * 4)

    assert comparison.verdict("one", "two") == "too few different answers to say which is better"


def test_even_disagreements_say_nothing_either() -> None:
    comparison = compare([True] * 10 + [False] * 8, [False] * 10 + [True] * 8)

    assert comparison.verdict("one", "two") == "too few labels to say which is better"
    assert comparison.low < 0 < comparison.high


def test_the_same_answers_are_equally_good() -> None:
    comparison = compare([True, False], [True, False])

    assert (comparison.difference, comparison.p) == (0, 1)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_changing_sides_changes_the_sign(pairs: list[tuple[bool, bool]]) -> None:
    a, b = zip(*pairs, strict=True)
    one, other = compare(a, b), compare(b, a)

    assert one.difference == pytest.approx(-other.difference)
    assert one.low == pytest.approx(-other.high)
    assert one.p == pytest.approx(other.p)
    assert -1 <= one.low <= one.high <= 1


def test_the_interval_holds_the_true_difference_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    hard = rng.random((1000, 30))
    right_a, right_b = hard < 0.6, (hard + 0.2 * rng.normal(size=hard.shape)) < 0.7
    truth = float(right_b.mean() - right_a.mean())

    comparisons = [compare(a, b) for a, b in zip(right_a, right_b, strict=True)]

    assert 0.93 < np.mean([each.low <= truth <= each.high for each in comparisons]) < 0.98


def test_answers_to_different_examples_are_refused() -> None:
    with pytest.raises(ValueError, match="the same examples"):
        compare([True], [True, False])


def test_no_common_example_is_refused() -> None:
    with pytest.raises(ValueError, match="label more images"):
        compare([], [])
