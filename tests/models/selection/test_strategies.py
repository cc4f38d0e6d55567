import time
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.selection import Cause, PoolState, Strategy, Suggestion, suggest
from tests.models.selection.pools import Codes, Features, clusters, say

NONE_LABELLED = np.empty((0, 16), np.float32)


def indices(suggestions: list[Suggestion]) -> list[int]:
    return [suggestion.index for suggestion in suggestions]


def counts(*labels: int) -> Codes:
    return np.array(labels, dtype=np.intp)


def test_a_cold_start_covers_every_cluster_once_and_the_largest_first() -> None:
    X, codes = clusters([10, 40, 5, 20])

    chosen = codes[indices(suggest(PoolState(X, NONE_LABELLED), 4))]

    assert sorted(chosen) == [0, 1, 2, 3]
    assert chosen[0] == 1


def test_an_outlier_is_not_among_the_first() -> None:
    X, _ = clusters([30, 30])
    X[7] = -10 * X[7]

    assert 7 not in indices(suggest(PoolState(X, NONE_LABELLED), 2))


def test_what_labelled_images_represent_is_not_suggested() -> None:
    X, codes = clusters([30, 30, 30])
    labelled = np.isin(np.arange(len(X)), [0, 31])

    (first,) = suggest(PoolState(X[~labelled], X[labelled]), 1)

    assert codes[~labelled][first.index] == 2


def test_a_typical_image_says_of_how_many() -> None:
    X, codes = clusters([60, 30], noise=0.3)

    first, second = suggest(PoolState(X, NONE_LABELLED, total=9000), 2)

    assert (codes[first.index], first.cause, first.like) == (0, Cause.TYPICAL, 6000)
    assert (codes[second.index], second.like) == (1, 3000)


def test_where_the_classifier_hesitates_is_asked_first_and_between_what() -> None:
    X, codes = clusters([10] * 5, noise=0.3)
    probabilities = np.tile([0.98, 0.02, 0.0], (50, 1))
    probabilities[codes == 2] = [0.1, 0.44, 0.46]
    probabilities[codes == 3] = [0.53, 0.47, 0.0]

    suggestions = suggest(PoolState(X, X[:1], say(probabilities), counts(1, 1, 1)), 2)

    assert {codes[item.index]: item.between for item in suggestions} == {2: (2, 1), 3: (0, 1)}
    assert {item.cause for item in suggestions} == {Cause.HESITANT}


def test_a_sure_answer_is_not_called_hesitant() -> None:
    X, _ = clusters([5, 5])

    state = PoolState(X, X[:1], say(np.tile([0.9, 0.1], (10, 1))), counts(1, 1))

    assert {item.cause for item in suggest(state, 2)} == {Cause.TYPICAL}


def test_uncertain_images_are_spread_over_their_clusters() -> None:
    X, codes = clusters([20, 20, 20, 20], noise=0.3)
    shuffled = np.random.default_rng(0).permutation(80)
    state = PoolState(X[shuffled], X[:1], say(np.full((80, 2), 0.5)), counts(1, 0))

    assert len(set(codes[shuffled][indices(suggest(state, 4, "uncertain"))])) == 4


def test_images_unlike_every_class_count_as_uncertain_and_are_named_so() -> None:
    X, codes = clusters([20, 20])
    sure = np.tile([0.99, 0.01], (40, 1))
    state = PoolState(X, X[:1], say(sure, unknown=[25, 26, 27]), counts(1, 1))

    (first,) = suggest(state, 1)

    assert codes[first.index] == 1
    assert suggest(state, 3, "unknown")[0].cause is Cause.UNKNOWN
    assert set(indices(suggest(state, 9, "unknown"))) <= {25, 26, 27}


def test_without_anything_unknown_there_is_nothing_to_suggest_as_such() -> None:
    X, _ = clusters([4, 4])

    assert suggest(PoolState(X, X[:1], say(np.full((8, 2), 0.5)), counts(1, 1)), 3, "unknown") == []


def test_balance_asks_for_the_class_with_the_fewest_labels() -> None:
    X, codes = clusters([40, 40, 8], noise=0.3)
    state = PoolState(X, X[:1], say(np.eye(3)[codes]), counts(9, 9, 1))

    suggestions = suggest(state, 3, "balance")

    assert set(codes[indices(suggestions)]) == {2}
    assert {(item.cause, item.between, item.labels) for item in suggestions} == {
        (Cause.RARE, (2,), 1)
    }


def test_a_batch_holds_no_near_duplicates_even_if_that_makes_it_short() -> None:
    X, _ = clusters([1, 1, 1])
    again = np.repeat(X, 10, axis=0) * np.float32(1.0001)

    for strategy in ("coverage", "uncertain"):
        state = PoolState(again, NONE_LABELLED, say(np.full((30, 2), 0.5)), counts(1, 1))
        assert sorted(index // 10 for index in indices(suggest(state, 30, strategy))) == [0, 1, 2]


def test_a_pool_of_one_image_over_and_over_suggests_it_once() -> None:
    X = np.tile(clusters([1])[0], (30, 1))

    assert len(suggest(PoolState(X, NONE_LABELLED), 10)) == 1
    assert len(suggest(PoolState(X, X[:1]), 10)) == 1


@pytest.mark.parametrize("classes", [0, 1])
def test_auto_covers_while_there_are_no_two_classes(classes: int) -> None:
    X, _ = clusters([4, 4, 4])
    said = say(np.ones((12, 1))) if classes else None
    state = PoolState(X, X[:1], said, np.ones(classes, np.intp))

    assert {item.cause for item in suggest(state, 3)} == {Cause.TYPICAL}
    for strategy in ("uncertain", "balance", "unknown"):
        with pytest.raises(ValueError, match=f"'{strategy}' need a classifier of two classes"):
            suggest(state, 3, strategy)


def test_coverage_ignores_the_classifier() -> None:
    X, _ = clusters([4, 4])
    state = PoolState(X, X[:1], say(np.full((8, 2), 0.5)), counts(1, 1))

    covered = suggest(state, 2, "coverage")

    assert indices(covered) == indices(suggest(PoolState(X, X[:1]), 2))


def test_random_draws_are_others_once_something_is_labelled() -> None:
    X, _ = clusters([50, 50])

    first = indices(suggest(PoolState(X, NONE_LABELLED), 5, "random"))

    assert first == indices(suggest(PoolState(X, NONE_LABELLED), 5, "random"))
    assert first != indices(suggest(PoolState(X[1:], X[:1]), 5, "random"))


def test_the_pool_that_counts_is_where_the_doubt_is_in_a_large_one() -> None:
    X, codes = clusters([9900, 50, 50], noise=0.3)
    sure = np.tile([1.0, 0.0], (len(X), 1))
    sure[codes > 0] = 0.5
    state = PoolState(X, X[:1], say(sure), counts(1, 1))

    assert sorted(codes[indices(suggest(state, 2))]) == [1, 2]


@given(
    pool=st.integers(0, 12),
    labelled=st.integers(0, 3),
    count=st.integers(0, 15),
    strategy=st.sampled_from(get_args(Strategy)),
    identical=st.booleans(),
)
def test_suggestions_are_distinct_and_no_more_than_asked(
    pool: int, labelled: int, count: int, strategy: Strategy, identical: bool
) -> None:
    rng = np.random.default_rng(pool)
    X: Features = rng.normal(size=(pool, 6)).astype(np.float32)
    if identical:
        X = np.ones((pool, 6), np.float32)
    said = say(rng.dirichlet(np.ones(3), pool) if pool else np.empty((0, 3)))
    known = rng.normal(size=(labelled, 6)).astype(np.float32)

    chosen = indices(suggest(PoolState(X, known, said, counts(1, 1, 1)), count, strategy))

    assert len(set(chosen)) == len(chosen) <= min(pool, count)
    assert all(0 <= index < pool for index in chosen)
    if strategy == "random":
        assert len(chosen) == min(pool, count)


def test_answers_of_other_images_are_refused() -> None:
    X, _ = clusters([3])

    with pytest.raises(ValueError, match="3 unlabelled images came with 2"):
        PoolState(X, X, say(np.full((2, 2), 0.5)))


def test_ten_thousand_images_take_about_a_second() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(10_000, 384)).astype(np.float32)
    state = PoolState(X, X[:200], say(rng.dirichlet(np.ones(22), 10_000)), np.full(22, 9))
    began = time.process_time()  # a busy machine is slow, not wrong

    suggest(state, 30, "coverage")
    suggest(state, 30, "uncertain")

    assert time.process_time() - began < 10  # 0.8 s
