"""Layouts of graphs on a plane, against the sums that they stand for."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from models.maps import tsne
from models.maps.projection import neighbour_graph


def random_places(count: int, spread: float) -> tsne.Places:
    return (np.random.default_rng(0).normal(size=(count, 2)) * spread).astype(np.float32)


@pytest.mark.parametrize("spread", [0.5, 8.0])
@pytest.mark.parametrize(("spacing", "error"), [(tsne.SPACING, 0.2), (0.1, 0.02)])
def test_the_field_is_the_push_of_every_point_on_every_other(
    spread: float, spacing: float, error: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tsne, "SPACING", spacing)
    places = random_places(400, spread)
    offsets = places[:, None] - places[None]
    near = 1 / (1 + (offsets**2).sum(axis=2))
    total = near.sum() - len(places)
    exact = (near[..., None] ** 2 * offsets).sum(axis=1) / total
    push = tsne.Repulsion()(places)
    assert np.linalg.norm(push - exact) < error * np.linalg.norm(exact)


def test_the_pull_is_the_sum_over_edges() -> None:
    places = random_places(50, 3.0)
    rng = np.random.default_rng(1)
    weights = rng.random((50, 50)) * (rng.random((50, 50)) < 0.2)
    weights = weights + weights.T + np.eye(50, k=1) + np.eye(50, k=-1)
    offsets = places[:, None] - places[None]
    near = weights / (1 + (offsets**2).sum(axis=2))
    exact = (near[..., None] * offsets).sum(axis=1)
    pull = tsne.attraction(csr_array(weights.astype(np.float32)), places)
    assert np.allclose(pull, exact, atol=1e-4)


def test_the_pull_does_not_depend_on_how_rows_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    places = random_places(100, 3.0)
    graph = neighbour_graph(np.argsort(np.abs(np.arange(100)[:, None] - np.arange(100)))[:, :6])
    whole = tsne.attraction(graph, places)
    monkeypatch.setattr(tsne, "BLOCK", 7)
    assert np.array_equal(tsne.attraction(graph, places), whole)


def test_what_hangs_together_is_laid_out_together() -> None:
    count = 60
    nearest = np.random.default_rng(0).integers(0, count, (2 * count, 10))
    nearest[count:] += count
    places = tsne.embed(neighbour_graph(nearest), random_places(2 * count, 1.0), lambda _: None)
    first, second = places[:count], places[count:]
    apart = np.linalg.norm(first.mean(axis=0) - second.mean(axis=0))
    assert apart > 2 * max(first.std(), second.std())


def test_each_step_is_told_and_an_error_ends_them() -> None:
    told: list[int] = []

    def stop_at_three(step: int) -> None:
        told.append(step)
        if step == 3:
            raise InterruptedError

    graph = neighbour_graph(np.arange(20).reshape(20, 1)[::-1])
    with pytest.raises(InterruptedError):
        tsne.embed(graph, random_places(20, 1.0), stop_at_three)
    assert told == [1, 2, 3]
