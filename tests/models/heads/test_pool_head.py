import io
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from models.classifiers import LogisticRegressionClassifier
from models.heads.labels_head import LabelsClassifier
from models.heads.pool_graph import PoolGraph
from models.heads.pool_head import PoolClassifier
from tests.models.clusters import Drawn, clusters


class Task(NamedTuple):
    labelled: Drawn
    pool: Drawn
    tests: Drawn


def task(labels: int, noise: float, classes: int = 6) -> Task:
    return Task(
        clusters([labels] * classes, noise=noise, seed=1),
        clusters([60] * classes, noise=noise, seed=2),
        clusters([50] * classes, noise=noise, seed=3),
    )


def accuracy(head: PoolClassifier | LabelsClassifier, tests: Drawn) -> float:
    return float(np.mean(head.predict(tests.X) == tests.y))


@pytest.mark.parametrize("labels", [1, 2])
def test_a_clustered_pool_adds_points_over_the_protocol_of_the_paper(labels: int) -> None:
    labelled, pool, tests = task(labels, noise=1.3)

    alone = LogisticRegressionClassifier().fit(*labelled)

    with_pool = PoolClassifier().fit(*labelled, pool.X)
    assert accuracy(with_pool, tests) > np.mean(alone.predict(tests.X) == tests.y) + 0.05


def test_a_pool_that_misleads_is_believed_less_than_one_that_helps() -> None:
    labelled = clusters([8, 8], noise=0.4, seed=1)
    # Images that lie in two clusters across the classes.
    across = np.random.default_rng(5).normal(size=32).astype(np.float32) * 5
    middle = clusters([60, 60], noise=0.4, seed=2).X
    misleading = np.concatenate([middle + across, middle - across])

    helped = PoolClassifier().fit(*labelled, middle)

    assert PoolClassifier().fit(*labelled, misleading).trust_ <= helped.trust_
    assert accuracy(PoolClassifier().fit(*labelled, misleading), labelled) > 0.9


def test_no_share_of_a_class_is_presumed() -> None:
    labelled = clusters([3, 3], seed=1)
    pool = clusters([200, 4], seed=2)

    head = PoolClassifier().fit(*labelled, pool.X)

    assert np.mean(head.predict(pool.X) == pool.y) > 0.97


def test_without_a_pool_the_labels_decide_alone() -> None:
    labelled, _, tests = task(3, noise=0.8)

    head = PoolClassifier().fit(*labelled)

    assert head.trust_ == 0
    assert accuracy(head, tests) == pytest.approx(
        accuracy(LabelsClassifier().fit(*labelled), tests), abs=0.05
    )


def test_a_graph_made_before_gives_the_same_answers() -> None:
    labelled, pool, tests = task(2, noise=1.0)

    at_once = PoolClassifier().fit(*labelled, pool.X)

    prepared = PoolClassifier().fit(*labelled, PoolGraph.of(pool.X))
    np.testing.assert_array_equal(at_once.logits(tests.X), prepared.logits(tests.X))


def test_what_was_settled_is_not_judged_again() -> None:
    labelled, pool, _ = task(3, noise=1.0)
    head = PoolClassifier().fit(*labelled, pool.X)

    assert head.settled().trust == head.trust_
    assert clone(head).trust is None


def test_a_head_comes_back_from_its_arrays() -> None:
    labelled, pool, tests = task(2, noise=1.0)
    head = PoolClassifier(temperature=0.7).fit(*labelled, pool.X)
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **head.to_arrays())
    file.seek(0)

    loaded = PoolClassifier.from_arrays(np.load(file, allow_pickle=False))

    np.testing.assert_allclose(
        loaded.predict_proba(tests.X), head.predict_proba(tests.X), rtol=1e-6
    )


@settings(max_examples=25, deadline=None)
@given(
    counts=st.lists(st.integers(1, 9), min_size=1, max_size=5),
    pool=st.integers(1, 30),
    same=st.booleans(),
)
def test_any_labels_and_any_pool_give_probabilities(
    counts: list[int], pool: int, same: bool
) -> None:
    labelled = clusters(counts, seed=1)
    X = np.ones_like(labelled.X) * np.arange(32) if same else labelled.X
    head = PoolClassifier().fit(X, labelled.y, clusters([pool], seed=2).X)

    probabilities = head.predict_proba(clusters([7], seed=3).X)

    assert probabilities.shape == (7, len(counts))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


def test_one_image_labelled_with_two_classes_is_no_obstacle() -> None:
    X = np.repeat(clusters([1], seed=1).X, 2, axis=0)

    head = PoolClassifier().fit(X, ["a", "b"], clusters([20], seed=2).X)

    np.testing.assert_allclose(head.predict_proba(X), 0.5, atol=0.05)


def test_a_class_of_a_thousand_labels_leaves_one_of_one_label_its_images() -> None:
    labelled, tests = clusters([1000, 1], seed=1), clusters([20, 20], seed=2)

    head = PoolClassifier().fit(*labelled, clusters([100, 100], seed=3).X)

    assert accuracy(head, tests) > 0.9


def test_a_pool_of_another_encoder_is_refused() -> None:
    with pytest.raises(ValueError, match="different encoders"):
        PoolClassifier().fit(*clusters([2, 2]), clusters([9], dimension=8).X)
