import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.quality.label_errors import rank_label_errors

Features = npt.NDArray[np.float64]


def clusters(counts: list[int], noise: float = 0.7) -> tuple[Features, npt.NDArray[np.str_]]:
    rng = np.random.default_rng(0)
    codes = np.repeat(np.arange(len(counts)), counts)
    centres = rng.normal(size=(len(counts), 32))
    features = centres[codes] + noise * rng.normal(size=(len(codes), 32))
    return features, np.array([f"class-{code:04}" for code in codes])


def test_flipped_labels_come_first_with_their_true_class() -> None:
    X, y = clusters([10] * 5)
    wrong = y.copy()
    wrong[[3, 17, 42]] = ["class-0001", "class-0004", "class-0000"]

    suspects = rank_label_errors(X, wrong)[:3]

    assert {each.row for each in suspects} == {3, 17, 42}
    assert all(each.suggested == y[each.row] for each in suspects)
    assert all(each.label == wrong[each.row] for each in suspects)


def test_right_labels_are_hardly_suspected() -> None:
    assert len(rank_label_errors(*clusters([10] * 5))) <= 1


def test_scores_fall_and_stay_between_zero_and_one() -> None:
    X, y = clusters([8] * 6, noise=3.0)

    scores = [each.score for each in rank_label_errors(X, y)]

    assert len(scores) > 5
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_the_reason_names_neighbours_and_what_the_others_say() -> None:
    X, y = clusters([10, 10])
    y[0] = "class-0001"

    suspect = rank_label_errors(X, y)[0]

    reason = suspect.reason({"class-0000": "Otter", "class-0001": "Seal"})
    assert reason.startswith("5 of the 5 most similar labelled images are Otter; the other labels ")
    assert "Seal with " in reason


def test_two_labels_a_class_are_enough_to_find_a_swapped_pair() -> None:
    X, y = clusters([2] * 6, noise=0.3)
    y[[0, 2]] = y[[2, 0]]

    assert {each.row for each in rank_label_errors(X, y)[:4]} >= {0, 2}


def test_the_same_image_under_two_labels_is_suspect_even_with_one_label_each() -> None:
    X, y = clusters([1, 1, 1])
    X[2] = X[0] * 2

    suspects = rank_label_errors(X, y)

    assert [each.row for each in suspects] == [0, 2]
    names = {name: name.title() for name in y}
    assert suspects[0].reason(names) == "almost the same image is labelled Class-0002"


def test_copies_of_an_image_do_not_hide_the_neighbours() -> None:
    X, y = clusters([12, 12])
    X[:12] = X[0]
    y[0] = "class-0001"

    first = rank_label_errors(X, y)[0]

    assert (first.row, first.agreeing, first.twin) == (0, 5, True)


@pytest.mark.parametrize("counts", [[1], [6], [1, 1], [1] * 1000])
def test_without_anything_to_compare_with_nothing_is_suspect(counts: list[int]) -> None:
    assert rank_label_errors(*clusters(counts)) == []


def test_images_that_are_all_much_alike_are_not_called_the_same() -> None:
    X, y = clusters([8, 8])
    y[:2] = "class-0001"

    suspects = rank_label_errors(200 * X.mean(axis=0) + X, y)

    assert suspects
    assert not any(each.twin for each in suspects)


def test_images_without_any_feature_are_not_called_the_same() -> None:
    suspects = rank_label_errors(np.ones((6, 8)), np.array(["a", "b"] * 3))

    assert not any(each.twin for each in suspects)


def test_a_class_a_thousand_times_larger_is_not_all_suspect() -> None:
    suspects = rank_label_errors(*clusters([2000, 2]))

    assert len(suspects) < 20


def test_labels_that_the_head_was_not_asked_about_are_judged_too() -> None:
    X, y = clusters([600, 600])
    y[::100] = np.where(y[::100] == "class-0000", "class-0001", "class-0000")

    suspects = rank_label_errors(X, y)

    assert {each.row for each in suspects[:12]} == set(range(0, 1200, 100))


@settings(max_examples=15)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=5), st.floats(0, 5))
def test_whatever_the_labels_each_example_is_suspect_at_most_once(
    counts: list[int], noise: float
) -> None:
    X, y = clusters(counts, noise)

    suspects = rank_label_errors(X, y)

    assert len({each.row for each in suspects}) == len(suspects)
    assert all(each.suggested != each.label == y[each.row] for each in suspects)
