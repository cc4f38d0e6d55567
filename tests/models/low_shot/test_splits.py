import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.low_shot.splits import Split, draw, draw_split, split_others, without_pool


@given(
    counts=st.lists(st.integers(3, 12), min_size=1, max_size=6),
    shots=st.integers(1, 2),
    seed=st.integers(0, 50),
)
def test_every_image_is_labelled_or_in_the_pool_or_tested(
    counts: list[int], shots: int, seed: int
) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)

    split = draw_split(labels, shots, seed)

    parts = [split.labelled, split.pool, split.tests[""]]
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(labels)))
    assert np.bincount(labels[split.labelled]).tolist() == [shots] * len(counts)
    assert 0 <= len(split.tests[""]) - len(split.pool) <= 1


def parts(split: Split) -> list[list[int]]:
    return [part.tolist() for part in (split.labelled, split.pool, *split.tests.values())]


def test_a_split_depends_on_labels_shots_and_seed_alone() -> None:
    labels = np.repeat(["a", "b"], 20)
    first = parts(draw_split(labels, 2, seed=3))
    assert parts(draw_split(labels, 2, seed=3)) == first
    assert parts(draw_split(labels, 2, seed=4)) != first
    assert first[0] == np.flatnonzero(draw(labels, 2, seed=3)).tolist()


def test_tests_apart_change_neither_the_labelled_images_nor_the_pool() -> None:
    labels = np.repeat(["a", "b"], 20)
    apart = {"fog": np.array([40, 41]), "snow": np.array([42])}
    split, plain = draw_split(labels, 2, 0, apart), draw_split(labels, 2, 0)
    assert split.tests == apart
    assert parts(split)[:2] == parts(plain)[:2]


def test_where_all_images_are_labelled_there_is_nothing_to_test() -> None:
    with pytest.raises(ValueError, match="none is left to test with"):
        split_others(np.ones(4, dtype=bool), np.random.default_rng(0))


def test_without_a_pool_all_others_are_tested() -> None:
    assert parts(without_pool(np.array([True, False, False]))) == [[0], [], [1, 2]]
