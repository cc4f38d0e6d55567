import io
import time

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.fitting import FittedHead, fit_head

Array = npt.NDArray[np.float32]
Names = npt.NDArray[np.str_]


def clusters(
    per_class: int, classes: int, seed: int = 1, noise: float = 2.0
) -> tuple[Array, Names]:
    """Samples of overlapping classes that stand at the same places whatever the seed."""
    centres = np.random.default_rng(0).normal(size=(classes, 384))
    codes = np.arange(per_class * classes) % classes
    sampled = np.random.default_rng(seed).normal(size=(len(codes), 384))
    features = centres[codes] + noise * sampled
    return features.astype(np.float32), np.array([f"class-{code:02}" for code in codes])


def reloaded(head: FittedHead) -> FittedHead:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **head.to_arrays())
    buffer.seek(0)
    return FittedHead.from_arrays(np.load(buffer, allow_pickle=False))


def test_a_head_knows_its_classes_its_accuracy_and_its_confidence() -> None:
    X, y = clusters(8, 10, noise=3)
    X_test, y_test = clusters(100, 10, seed=2, noise=3)

    head = fit_head(X, y)

    probabilities = head.predict_proba(X_test)
    accuracy = np.mean(head.classes_[probabilities.argmax(axis=1)] == y_test)
    assert head.kind == "labels"
    assert head.classes_.tolist() == sorted(set(y))
    assert head.estimate is not None
    assert head.estimate.low <= accuracy <= head.estimate.high
    assert probabilities.max(axis=1).mean() == pytest.approx(accuracy, abs=0.1)
    assert head.is_unknown(X_test).mean() <= 0.08


@pytest.mark.parametrize("per_class", [5, 6, 7])
def test_confidence_holds_where_the_regularisation_changes(per_class: int) -> None:
    X, y = clusters(per_class, 10, noise=4)
    X_test, y_test = clusters(100, 10, seed=2, noise=4)

    head = fit_head(X, y)

    probabilities = head.predict_proba(X_test)
    accuracy = np.mean(head.classes_[probabilities.argmax(axis=1)] == y_test)
    assert probabilities.max(axis=1).mean() == pytest.approx(accuracy, abs=0.12)


@pytest.mark.parametrize("per_class", [1, 3])
def test_stored_arrays_give_the_same_answers(per_class: int) -> None:
    X, y = clusters(per_class, 4)
    X_test, _ = clusters(5, 4, seed=2)
    head = fit_head(X, y)

    loaded = reloaded(head)

    np.testing.assert_array_equal(loaded.predict_proba(X_test), head.predict_proba(X_test))
    np.testing.assert_array_equal(loaded.is_unknown(X_test), head.is_unknown(X_test))
    assert loaded.classes_.tolist() == head.classes_.tolist()
    assert (loaded.kind, loaded.temperature) == (head.kind, head.temperature)
    assert (loaded.estimate, loaded.unknown_threshold) == (head.estimate, head.unknown_threshold)


def test_the_first_label_gives_a_certain_head_that_claims_nothing_more() -> None:
    X, y = clusters(1, 1)

    head = fit_head(X, y)

    assert head.predict_proba(np.vstack([X, -X])).tolist() == [[1.0], [1.0]]
    assert head.estimate is None
    assert head.unknown_threshold is None


def test_one_class_has_no_accuracy_to_estimate() -> None:
    X, y = clusters(6, 1)

    assert fit_head(X, y).estimate is None


def test_one_label_a_class_has_no_accuracy_to_estimate() -> None:
    head = fit_head(*clusters(1, 5))

    assert head.estimate is None
    assert head.predict_proba(clusters(1, 5)[0]).argmax(axis=1).tolist() == [0, 1, 2, 3, 4]


def test_sets_of_enough_labels_hold_the_true_class_and_outlive_storing() -> None:
    X, y = clusters(8, 10, noise=4)
    X_test, y_test = clusters(100, 10, seed=2, noise=4)
    head = fit_head(X, y)

    chosen = head.prediction_sets(head.predict_proba(X_test))

    assert chosen is not None
    assert head.coverage is not None
    assert chosen[np.arange(len(y_test)), head.classes_.searchsorted(y_test)].mean() > 0.85
    assert head.confidence_note is None
    assert reloaded(head).sets == head.sets


@pytest.mark.parametrize(
    ("per_class", "classes", "told"),
    [
        (1, 1, ["accurate", "set of classes", "unlike"]),
        (1, 5, ["accurate", "set of classes", "unlike"]),
        (2, 12, ["set of classes"]),
    ],
)
def test_what_the_labels_are_too_few_to_say_is_told(
    per_class: int, classes: int, told: list[str]
) -> None:
    head = fit_head(*clusters(per_class, classes))

    assert head.prediction_sets(np.full((1, classes), 1 / classes)) is None
    note = head.confidence_note
    assert note is not None
    assert note.startswith("not enough labels to say")
    assert [gap for gap in ("accurate", "set of classes", "unlike") if gap in note] == told


def test_a_pool_makes_groups_without_labels_unknown() -> None:
    X, y = clusters(10, 6)
    pool, _ = clusters(20, 8, seed=3)
    tests, truth = clusters(50, 8, seed=4)
    head = fit_head(X, y, pool=pool)

    strange = ~np.isin(truth, y)

    assert head.is_unknown(tests[strange]).mean() > 0.9
    assert head.unknown_score(tests[strange]).min() > np.median(head.unknown_score(tests[~strange]))


def test_a_head_stored_before_sets_and_pools_still_answers() -> None:
    X, y = clusters(5, 3)
    head = fit_head(X, y, "prototype")
    new = ("sets", "novelty_")
    arrays = {name: part for name, part in head.to_arrays().items() if not name.startswith(new)}
    old = {"centre": np.zeros(384), "centroids": np.eye(3, 384), "threshold": np.array([0.2])}

    loaded = FittedHead.from_arrays(arrays | old)

    np.testing.assert_array_equal(loaded.predict_proba(X), head.predict_proba(X))
    assert loaded.coverage is None
    assert not loaded.is_unknown(X).any()


def test_the_asked_kind_is_fitted() -> None:
    X, y = clusters(4, 3)

    assert fit_head(X, y, "prototype").kind == "prototype"
    assert fit_head(X, y, "logistic").kind == "logistic"


@pytest.mark.parametrize("kind", ["auto", "logistic", "prototype"])
@given(codes=st.lists(st.integers(0, 3), min_size=1, max_size=12), distinct=st.integers(1, 12))
def test_any_labels_even_of_the_same_images_give_probabilities(
    kind: str, codes: list[int], distinct: int
) -> None:
    X = np.random.default_rng(0).normal(size=(distinct, 8))[np.arange(len(codes)) % distinct]

    head = fit_head(X, [f"class-{code}" for code in codes], kind)  # type: ignore[arg-type]

    probabilities = reloaded(head).predict_proba(X)
    assert np.isfinite(probabilities).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert head.is_unknown(X).dtype == bool


def test_a_class_that_dwarfs_another_leaves_it_findable() -> None:
    X, y = clusters(300, 2)
    kept = (y == "class-00") | (np.arange(len(y)) < 6)
    X_test, y_test = clusters(50, 2, seed=2)

    head = fit_head(X[kept], y[kept])

    rare = head.classes_[head.predict_proba(X_test).argmax(axis=1)] == "class-01"
    assert rare[y_test == "class-01"].mean() > 0.5


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (np.empty((0, 4)), [], "no labelled example"),
        ([[np.nan, 1.0], [0.0, 1.0]], ["a", "b"], "at row 0"),
        (np.eye(3), ["a", "b"], "3 feature vectors came with 2 labels"),
    ],
)
def test_unusable_labels_are_refused(X: npt.ArrayLike, y: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit_head(X, y)


def test_a_stored_head_of_an_unknown_kind_is_refused() -> None:
    arrays = fit_head(*clusters(1, 2)).to_arrays() | {"kind": np.array("forest")}

    with pytest.raises(ValueError, match="forest"):
        FittedHead.from_arrays(arrays)


def test_two_hundred_labels_take_well_under_a_second() -> None:
    X, y = clusters(9, 22)
    fit_head(X, y)
    began = time.process_time()  # a busy machine is slow, not wrong

    fit_head(X, y)

    assert time.process_time() - began < 2  # 0.13 s on an idle core
