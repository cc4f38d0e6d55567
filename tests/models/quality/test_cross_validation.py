import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from models.classifiers import LogisticRegressionClassifier, PrototypeClassifier
from models.quality.cross_validation import cross_validate


def clusters(counts: list[int], noise: float = 0.5) -> tuple[npt.NDArray[np.float32], list[str]]:
    """One cluster a class, of so many samples each."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(len(counts), 32))
    codes = np.repeat(np.arange(len(counts)), counts)
    features = centres[codes] + noise * rng.normal(size=(len(codes), 32))
    return features.astype(np.float32), [f"class-{code}" for code in codes]


@given(st.lists(st.integers(1, 7), min_size=2, max_size=6))
def test_every_example_whose_class_has_another_is_held_out_once(counts: list[int]) -> None:
    held_out = cross_validate(PrototypeClassifier(), *clusters(counts))

    tested = np.bincount(held_out.codes, minlength=len(counts)) if held_out else [0] * len(counts)
    assert list(tested) == [count if count > 1 else 0 for count in counts]


def test_with_one_label_a_class_nothing_can_be_held_out() -> None:
    assert cross_validate(PrototypeClassifier(), *clusters([1, 1, 1])) is None


def test_of_many_examples_about_five_hundred_are_tested() -> None:
    held_out = cross_validate(PrototypeClassifier(), *clusters([300, 300, 300]))

    assert held_out is not None
    assert 500 <= len(held_out.codes) < 700
    assert np.ptp(np.bincount(held_out.codes)) <= 2


def test_a_held_out_example_is_judged_by_a_head_that_did_not_see_it() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 200)), rng.permutation(np.repeat(["a", "b"], 20))
    head = LogisticRegressionClassifier()

    held_out = cross_validate(head, X, y)

    assert np.mean(head.fit(X, y).predict(X) == y) == 1
    assert held_out is not None
    assert held_out.right.mean() < 0.75


def test_two_labels_a_class_are_judged_by_heads_with_one_label_of_every_class() -> None:
    held_out = cross_validate(LogisticRegressionClassifier(), *clusters([2] * 10, noise=0.8))

    assert held_out is not None
    assert held_out.right.mean() > 0.8
