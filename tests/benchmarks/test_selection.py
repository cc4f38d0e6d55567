import numpy as np
import pytest

from models.low_shot.embedded_images import EmbeddedImages
from tests.benchmarks.selection import interval, markdown, needed, shares
from tests.benchmarks.simulated_labelling import BUDGETS, STRATEGIES, label
from tests.benchmarks.typiclust import typiclust
from tests.models.clusters import clusters

EVENLY = np.array(BUDGETS) / 10


def test_between_budgets_the_accuracy_rises_evenly() -> None:
    assert needed(EVENLY, 0.25) == pytest.approx(2.5)
    assert needed(EVENLY, 0.05) == pytest.approx(0.5)
    assert needed(EVENLY, 1.1) == float("inf")


def test_what_was_reached_once_counts_though_later_budgets_fall_below_it() -> None:
    curve = np.array([0.2, 0.6, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5])

    assert needed(curve, 0.6) == pytest.approx(1.5)


def test_random_needs_its_own_labels_and_twice_as_fast_half_of_them() -> None:
    assert shares(EVENLY, EVENLY) == pytest.approx([1, 1, 1])
    assert shares(np.minimum(2 * EVENLY, 1), EVENLY) == pytest.approx([0.5, 0.5, 0.5])


def test_intervals_hold_the_share_and_are_a_point_where_draws_agree() -> None:
    noise = np.random.default_rng(0).normal(0, 0.02, (10, len(BUDGETS)))
    low, high = interval(EVENLY + noise, np.tile(EVENLY, (10, 1)))

    assert (low <= shares((EVENLY + noise).mean(axis=0), EVENLY)).all()
    assert (low < high).all()
    assert np.ptp(interval(np.tile(EVENLY, (3, 1)), np.tile(EVENLY, (3, 1)))) == 0


def test_typiclust_takes_one_image_of_each_cluster_the_largest_first() -> None:
    X, y = clusters([40, 20, 10], noise=0.1)

    chosen = typiclust(X, X[:0], 3, seed=0)

    assert list(y[chosen]) == ["class-000", "class-001", "class-002"]


def test_typiclust_goes_where_no_label_is() -> None:
    X, y = clusters([20, 20, 20], noise=0.1)
    labelled = np.isin(np.arange(60), [0, 20])

    (first,) = typiclust(X[~labelled], X[labelled], 1, seed=0)

    assert y[~labelled][first] == "class-002"


def test_each_strategy_labels_the_pool_and_is_tested_beside_it() -> None:
    X, y = clusters([30] * 3, noise=1.0)
    images = EmbeddedImages(X, y, np.arange(90).astype(str))

    found = list(label("drawn", images, STRATEGIES, draws=1, batch=15))

    assert [each.strategy for each in found] == list(STRATEGIES)
    assert all(each.accuracies[-1] > 0.9 for each in found)
    assert markdown(found).count("\n") == 1 + len(STRATEGIES)
