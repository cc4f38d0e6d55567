import numpy as np
import numpy.typing as npt
import pytest

from models.novelty import Novelty

Array = npt.NDArray[np.float32]


def clusters(
    per_class: int, classes: range, seed: int, noise: float = 0.6
) -> tuple[Array, npt.NDArray[np.str_]]:
    """Samples of classes that stand at the same places whatever the seed."""
    centres = np.random.default_rng(0).normal(size=(20, 48)) + 2
    codes = np.repeat(list(classes), per_class)
    sampled = np.random.default_rng(seed).normal(size=(len(codes), 48))
    return (centres[codes] + noise * sampled).astype(np.float32), codes.astype(str)


def test_images_of_classes_without_labels_are_unknown_and_others_are_not() -> None:
    novelty = Novelty.fit(*clusters(5, range(10), seed=1))
    known, _ = clusters(50, range(10), seed=2)
    strange, _ = clusters(50, range(10, 20), seed=3)

    assert novelty.is_unknown(known).mean() < 0.1
    assert novelty.is_unknown(strange).mean() > 0.9


def test_similarity_does_not_exceed_that_of_the_centroid_itself() -> None:
    X, y = clusters(3, range(4), seed=1)
    novelty = Novelty.fit(X, y)

    assert novelty.similarity(X).max() <= 1 + 1e-6
    assert novelty.similarity(X).min() > novelty.similarity(-X).max()


@pytest.mark.parametrize(
    "y", [["a"], ["a", "a", "a"], ["a", "b"], ["a", "a", "b"], ["a", "a", "b", "c"]]
)
def test_too_few_labels_leave_everything_known(y: list[str]) -> None:
    X = np.random.default_rng(0).normal(size=(len(y), 8))
    novelty = Novelty.fit(X, y)

    assert novelty.threshold is None
    assert not novelty.is_unknown(np.vstack([X, -X])).any()


def test_two_labels_in_two_classes_set_a_threshold() -> None:
    assert Novelty.fit(*clusters(2, range(2), seed=1)).threshold is not None


def test_copies_of_labelled_images_are_known() -> None:
    X, y = clusters(1, range(5), seed=1)

    novelty = Novelty.fit(X.repeat(3, axis=0), y.repeat(3))

    assert not novelty.is_unknown(X).any()


def test_identical_images_in_all_classes_are_no_error() -> None:
    X = np.ones((4, 8)) * np.arange(8)

    assert not Novelty.fit(X, ["a", "a", "b", "b"]).is_unknown(X).any()
