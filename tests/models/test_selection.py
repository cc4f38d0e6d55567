import time
from typing import cast

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.selection import Strategy, Suggestion, suggest

Array = npt.NDArray[np.float64]
NONE_LABELLED = np.empty((0, 16))


def clusters(sizes: list[int], noise: float = 0.1) -> tuple[Array, npt.NDArray[np.intp]]:
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(len(sizes), 16))
    codes = np.repeat(np.arange(len(sizes)), sizes)
    return centres[codes] + noise * rng.normal(size=(len(codes), 16)), codes


def indices(suggestions: list[Suggestion]) -> list[int]:
    return [suggestion.index for suggestion in suggestions]


def test_a_cold_start_covers_every_cluster_once_and_the_largest_first() -> None:
    X, codes = clusters([10, 40, 5, 20])

    chosen = codes[indices(suggest(X, NONE_LABELLED, None, 4))]

    assert sorted(chosen) == [0, 1, 2, 3]
    assert chosen[0] == 1


def test_the_typical_is_suggested_before_the_outlier() -> None:
    X, _ = clusters([30])
    X[7] += 5

    assert indices(suggest(X, NONE_LABELLED, None, 3)).count(7) == 0


def test_what_labelled_images_represent_is_not_suggested() -> None:
    X, codes = clusters([30, 30, 30])
    labelled = np.isin(np.arange(len(X)), [0, 31])

    (first,) = suggest(X[~labelled], X[labelled], None, 1)

    assert codes[~labelled][first.index] == 2


def test_where_the_classifier_hesitates_is_asked_first_and_between_what() -> None:
    X, _ = clusters([10] * 5)
    probabilities = np.tile([0.9, 0.1, 0.0], (50, 1))
    probabilities[20] = [0.1, 0.44, 0.46]
    probabilities[30] = [0.55, 0.45, 0.0]

    suggestions = suggest(X, X[:1], probabilities, 2)

    assert {item.index: item.between for item in suggestions} == {20: (2, 1), 30: (0, 1)}


def test_uncertain_suggestions_come_from_the_smallest_margins() -> None:
    X, _ = clusters([100])
    margins = np.linspace(0, 1, 100)
    probabilities = np.stack([(1 + margins) / 2, (1 - margins) / 2], axis=1)

    assert max(indices(suggest(X, X[:1], probabilities, 4, "uncertain"))) < 20
    assert len(suggest(X, X[:1], probabilities, 50, "uncertain")) == 50


def test_a_batch_of_uncertain_images_holds_no_near_duplicates() -> None:
    X, codes = clusters([20, 20, 20, 20], noise=0.001)
    shuffled = np.random.default_rng(0).permutation(80)
    X, codes = X[shuffled], codes[shuffled]
    probabilities = np.full((80, 2), 0.5)

    chosen = codes[indices(suggest(X, X[:0], probabilities, 4, "uncertain"))]

    assert sorted(chosen) == [0, 1, 2, 3]


@pytest.mark.parametrize("probabilities", [None, np.ones((12, 1))])
def test_auto_covers_while_there_are_no_two_classes(probabilities: Array | None) -> None:
    X, _ = clusters([4, 4, 4])

    assert all(item.between is None for item in suggest(X, X[:1], probabilities, 5))
    with pytest.raises(ValueError, match="two classes"):
        suggest(X, X[:1], probabilities, 5, "uncertain")


def test_coverage_ignores_the_classifier() -> None:
    X, _ = clusters([4, 4])

    covered = suggest(X, X[:1], np.full((8, 2), 0.5), 2, "coverage")

    assert covered == suggest(X, X[:1], None, 2)


def test_reasons_are_plain_words_with_the_names_of_the_classes() -> None:
    names = ["cat", "dog", "hen"]

    assert Suggestion(3).reason(names) == "typical of many unlabelled images"
    assert Suggestion(3, (2, 0)).reason(names) == "the classifier hesitates between hen and cat"


@given(
    pool=st.integers(0, 12),
    labelled=st.integers(0, 3),
    count=st.integers(0, 15),
    strategy=st.sampled_from(["auto", "coverage", "uncertain"]),
    identical=st.booleans(),
)
def test_suggestions_are_distinct_and_as_many_as_there_are(
    pool: int, labelled: int, count: int, strategy: str, identical: bool
) -> None:
    rng = np.random.default_rng(pool)
    X = np.ones((pool, 6)) if identical else rng.normal(size=(pool, 6))
    probabilities = rng.dirichlet(np.ones(3), pool)

    suggestions = suggest(
        X, rng.normal(size=(labelled, 6)), probabilities, count, cast("Strategy", strategy)
    )

    assert len(set(indices(suggestions))) == len(suggestions) == min(pool, count)
    assert all(0 <= item.index < pool for item in suggestions)


def test_probabilities_of_other_images_are_refused() -> None:
    with pytest.raises(ValueError, match="3 unlabelled images came with 2"):
        suggest(np.eye(3), np.eye(3), np.full((2, 2), 0.5), 1)


def test_ten_thousand_images_take_about_a_second() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(10_000, 384)).astype(np.float32)
    start = time.perf_counter()

    suggest(X, X[:200], None, 20)
    suggest(X, X[:200], rng.dirichlet(np.ones(22), 10_000), 20)

    assert time.perf_counter() - start < 5  # 0.6 s on two idle cores; tests run beside others
