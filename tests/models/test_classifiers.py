import io
from typing import cast

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from models.classifiers import (
    Head,
    HeadKind,
    LogisticRegressionClassifier,
    PrototypeClassifier,
)
from models.features import normalise
from models.heads.by_name import build_classifier

Array = npt.NDArray[np.generic]
heads = pytest.mark.parametrize("kind", ["logistic", "prototype"])


def digits(labels_per_class: int, classes: int = 10) -> tuple[Array, Array, Array, Array]:
    """Labelled features and classes, test features and classes."""
    X, y = load_digits(return_X_y=True)
    X, y = X[y < classes], y[y < classes]
    rng = np.random.default_rng(0)
    labelled = np.concatenate(
        [
            rng.choice(np.flatnonzero(y == c), labels_per_class, replace=False)
            for c in range(classes)
        ]
    )
    rest = np.setdiff1d(np.arange(len(y)), labelled)
    names = np.array([f"digit-{c}" for c in range(classes)])
    return X[labelled], names[y[labelled]], X[rest], names[y[rest]]


def head_of(kind: str) -> Head:
    return build_classifier(cast("HeadKind", kind), None)


@pytest.mark.filterwarnings("ignore:The number of unique classes")  # one label a class
@pytest.mark.parametrize("strength", [400.0, 1 / 0.075])
@pytest.mark.parametrize("labels_per_class", [1, 2, 5, 20])
def test_logistic_regression_gives_the_probabilities_of_scikit_learn(
    strength: float, labels_per_class: int
) -> None:
    X, y, X_test, _ = digits(labels_per_class)
    reference = LogisticRegression(C=strength, fit_intercept=False, tol=1e-9, max_iter=10_000)
    reference.fit(normalise(X).astype(float), y)

    ours = LogisticRegressionClassifier(C=strength).fit(X, y).predict_proba(X_test)

    expected = reference.predict_proba(normalise(X_test).astype(float))
    np.testing.assert_allclose(ours, expected, atol=1e-3)


def test_two_classes_are_a_softmax_as_in_the_paper() -> None:
    X, y, X_test, _ = digits(5, classes=2)
    sigmoid = LogisticRegression(C=400, fit_intercept=False, tol=1e-9).fit(
        normalise(X).astype(float), y
    )

    ours = LogisticRegressionClassifier(C=200).fit(X, y).predict_proba(X_test)

    np.testing.assert_allclose(
        ours, sigmoid.predict_proba(normalise(X_test).astype(float)), atol=1e-3
    )


@pytest.mark.parametrize(("labels_per_class", "strength"), [(1, 400.0), (5, 400.0), (6, 1 / 0.075)])
def test_the_strength_follows_the_number_of_labels(labels_per_class: int, strength: float) -> None:
    X, y, X_test, _ = digits(labels_per_class)

    by_default = LogisticRegressionClassifier().fit(X, y)

    stated = LogisticRegressionClassifier(C=strength).fit(X, y)
    np.testing.assert_array_equal(by_default.logits(X_test), stated.logits(X_test))


def test_prototype_logits_are_cosines_to_the_class_means() -> None:
    X, y, X_test, _ = digits(3)
    centroids = np.stack([normalise(X[y == name]).mean(axis=0) for name in np.unique(y)])
    centroids /= np.linalg.norm(centroids, axis=1, keepdims=True)

    logits = PrototypeClassifier().fit(X, y).logits(X_test)

    np.testing.assert_allclose(logits, normalise(X_test) @ centroids.T, atol=1e-5)


@heads
@pytest.mark.parametrize(("labels_per_class", "least"), [(1, 0.5), (5, 0.8)])
def test_a_few_labels_already_classify(kind: str, labels_per_class: int, least: float) -> None:
    X, y, X_test, y_test = digits(labels_per_class)

    assert np.mean(head_of(kind).fit(X, y).predict(X_test) == y_test) > least


@heads
@given(
    codes=st.lists(st.integers(0, 3), min_size=1, max_size=12),
    seed=st.integers(0, 1000),
    identical=st.booleans(),
)
def test_any_labels_give_a_distribution_over_the_sorted_classes(
    kind: str, codes: list[int], seed: int, identical: bool
) -> None:
    X = np.random.default_rng(seed).normal(size=(len(codes), 6))
    if identical:
        X[:] = X[0]
    y = np.array([f"class-{code}" for code in codes])

    head = head_of(kind).fit(X, y)
    probabilities = head.predict_proba(X)

    assert head.classes_.tolist() == sorted(set(y.tolist()))
    assert probabilities.shape == (len(X), len(head.classes_))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(head.classes_[probabilities.argmax(axis=1)], head.predict(X))


@heads
def test_one_class_is_certain(kind: str) -> None:
    X = np.random.default_rng(0).normal(size=(3, 8))

    assert head_of(kind).fit(X[:1], ["cat"]).predict_proba(X).tolist() == [[1.0]] * 3


@heads
def test_one_image_in_two_classes_is_a_tie(kind: str) -> None:
    X = np.random.default_rng(0).normal(size=(1, 8)).repeat(2, axis=0)

    probabilities = head_of(kind).fit(X, ["cat", "dog"]).predict_proba(X)

    np.testing.assert_allclose(probabilities, 0.5, atol=1e-6)


@heads
def test_a_higher_temperature_is_less_sure_of_the_same_answer(kind: str) -> None:
    X, y, X_test, _ = digits(2)
    head = head_of(kind).fit(X, y)
    before, answers = head.predict_proba(X_test), head.predict(X_test)

    head.set_params(temperature=2 * head.temperature)

    assert np.all(head.predict_proba(X_test).max(axis=1) < before.max(axis=1))
    np.testing.assert_array_equal(head.predict(X_test), answers)


@heads
def test_a_clone_has_the_parameters_and_no_fit(kind: str) -> None:
    head = head_of(kind).set_params(temperature=0.5).fit([[1, 2, 3]], ["cat"])

    copy = clone(head)

    assert copy.get_params() == head.get_params()
    assert not hasattr(copy, "classes_")


@heads
def test_arrays_stored_without_pickle_predict_the_same(kind: str) -> None:
    X, y, X_test, _ = digits(2)
    head = head_of(kind).set_params(temperature=0.3).fit(X, y)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **head.to_arrays())
    buffer.seek(0)

    loaded = type(head).from_arrays(np.load(buffer, allow_pickle=False))

    np.testing.assert_array_equal(loaded.predict_proba(X_test), head.predict_proba(X_test))
    np.testing.assert_array_equal(loaded.predict(X_test), head.predict(X_test))


def test_features_of_another_encoder_are_refused() -> None:
    head = PrototypeClassifier().fit(np.eye(4), list("abcd"))

    with pytest.raises(ValueError, match="another encoder"):
        head.predict_proba(np.eye(5))


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (np.empty((0, 4)), [], "no labelled example"),
        (np.eye(3), ["a", "b"], "3 feature vectors came with 2 labels"),
        (np.eye(2), [["a"], ["b"]], "one row of classes"),
        ([[np.nan, 1.0]], ["a"], "NaN"),
    ],
)
def test_unusable_training_data_is_refused(X: npt.ArrayLike, y: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LogisticRegressionClassifier().fit(X, y)


def test_labels_of_a_data_frame_are_stored_without_pickle() -> None:
    head = PrototypeClassifier().fit(np.eye(2), np.array(["a", "b"], dtype=object))

    assert head.to_arrays()["classes"].dtype != object
