import numpy as np
import pytest

from models.features import normalise
from models.heads import pool_graph
from models.heads.pool_graph import PoolGraph, spread_labels
from tests.models.clusters import clusters


def spread(graph: PoolGraph, X: np.ndarray, codes: np.ndarray, classes: int) -> np.ndarray:
    weights = graph.with_labelled(normalise(X))
    seeds = np.zeros((weights.shape[0], classes), dtype=np.float32)
    seeds[np.arange(len(codes)), codes] = 1
    return spread_labels(weights, seeds)


def test_labels_reach_the_images_of_their_cluster() -> None:
    pool, labelled = clusters([60, 60, 60]), clusters([1, 1, 1], seed=1)

    shares = spread(PoolGraph.of(pool.X), labelled.X, np.arange(3), 3)[3:]

    assert np.mean(shares.argmax(axis=1) == np.repeat(np.arange(3), 60)) > 0.95
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)


def test_weights_are_symmetric_and_no_image_is_its_own_neighbour() -> None:
    weights = PoolGraph.of(clusters([30, 30]).X).with_labelled(
        normalise(clusters([2, 2], seed=1).X)
    )

    assert abs(weights - weights.T).max() < 1e-6
    assert weights.diagonal().max() == 0


def test_an_image_that_no_path_leads_to_has_equal_shares() -> None:
    weights = PoolGraph.of(clusters([30, 30]).X).with_labelled(normalise(clusters([1], seed=1).X))

    shares = spread_labels(weights, np.zeros((weights.shape[0], 4), dtype=np.float32))

    np.testing.assert_array_equal(shares, np.float32(0.25))


@pytest.mark.parametrize("size", [1, 2, 5])
def test_a_pool_smaller_than_the_number_of_neighbours_is_enough(size: int) -> None:
    shares = spread(PoolGraph.of(clusters([size]).X), clusters([1, 1], seed=1).X, np.arange(2), 2)

    assert shares.shape == (2 + size, 2)
    assert np.isfinite(shares).all()


def test_identical_images_are_no_obstacle() -> None:
    same = np.ones((40, 8), dtype=np.float32) * np.arange(8)

    shares = spread(PoolGraph.of(same), same[:2], np.arange(2), 2)

    assert np.isfinite(shares).all()


def test_a_search_by_regions_finds_what_the_search_of_all_pairs_finds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pool, labelled = clusters([300, 300, 300]), clusters([1, 1, 1], seed=1)
    exact = spread(PoolGraph.of(pool.X), labelled.X, np.arange(3), 3)
    monkeypatch.setattr(pool_graph, "ALL_PAIRS", 100)

    approximate = spread(PoolGraph.of(pool.X), labelled.X, np.arange(3), 3)

    assert np.mean(exact.argmax(axis=1) == approximate.argmax(axis=1)) > 0.98


def test_what_is_a_graph_stays_as_it_is() -> None:
    graph = PoolGraph.of(clusters([20]).X)

    assert PoolGraph.of(graph) is graph


def test_a_random_part_of_a_large_pool_stands_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_graph, "MOST", 50)
    pool = clusters([100, 100])

    graph = PoolGraph.of(pool.X)

    assert len(graph.features) == 50
    first = (graph.features[:, None] == normalise(pool.X)[None, :100]).all(axis=2).any(axis=1)
    assert 10 < first.sum() < 40
