"""Exact neighbours, in whatever precision the vectors are kept."""

import faiss
import numpy as np
import pytest

from models.features import normalise
from models.search.near_rows import nearest_rows, ranked

VECTORS = normalise(np.random.default_rng(0).normal(size=(50, 8)))
QUERIES = normalise(np.random.default_rng(1).normal(size=(3, 8)))


@pytest.mark.parametrize("precision", [np.float32, np.float16])
@pytest.mark.parametrize("count", [1, 7, 50])
def test_the_nearest_come_first_with_their_cosines(precision: type, count: int) -> None:
    kept: np.ndarray = VECTORS.astype(precision)
    rows, cosines = nearest_rows(QUERIES, kept, count)
    expected = QUERIES @ kept.astype(np.float32).T
    order = np.argsort(-expected, axis=1)[:, :count]
    np.testing.assert_array_equal(rows, order)
    np.testing.assert_allclose(cosines, np.take_along_axis(expected, order, axis=1), atol=1e-6)


@pytest.mark.parametrize("precision", [np.float32, np.float16])
def test_none_of_none(precision: type) -> None:
    rows, cosines = nearest_rows(QUERIES, np.empty((0, 8), precision), 0)
    assert rows.shape == cosines.shape == (3, 0)


def test_it_leaves_the_threads_of_others_as_they_were() -> None:
    before = faiss.omp_get_max_threads()
    nearest_rows(QUERIES[:1], VECTORS, 3)
    assert faiss.omp_get_max_threads() == before


def test_candidates_of_several_sources_are_ranked_together() -> None:
    rows, cosines = ranked(np.array([[4, 9, 2]]), np.array([[0.1, 0.9, 0.5]], np.float32), 2)
    assert rows.tolist() == [[9, 2]]
    assert cosines.tolist() == [[pytest.approx(0.9), 0.5]]
