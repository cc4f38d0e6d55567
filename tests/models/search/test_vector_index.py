"""The mapped index finds what comparing with everything finds, or nearly all of it."""

from pathlib import Path

import numpy as np
import pytest

from models.features import Features, normalise
from models.search.feature_rows import FeatureRows
from models.search.vector_index import VectorIndex, build_index

COUNT, DIMENSION = 30_000, 16


def vectors(count: int, seed: int) -> Features:
    spread = np.geomspace(1, 0.05, DIMENSION)
    return normalise(np.random.default_rng(seed).normal(size=(count, DIMENSION)) * spread)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("index") / "index.faiss"
    build_index(FeatureRows(vectors(COUNT, 0).astype(np.float16)), file)
    return file


@pytest.fixture(scope="module")
def index(file: Path) -> VectorIndex:
    return VectorIndex.open(file)


def recall(index: VectorIndex, among: np.ndarray | None) -> float:
    """Share of the ten nearest that are among thirty candidates."""
    queries, known = vectors(40, 1), vectors(COUNT, 0)
    rows = np.arange(COUNT) if among is None else among
    nearest = rows[np.argsort(-queries @ known[rows].T, axis=1)[:, :10]]
    some = None if among is None else index.select(among)
    found = index.search(queries, 30, some)
    if among is not None:
        assert np.isin(found[found >= 0], among).all()
    return float(np.mean([np.isin(a, b).mean() for a, b in zip(nearest, found, strict=True)]))


def test_nearly_all_neighbours_are_found(index: VectorIndex) -> None:
    assert len(index) == COUNT
    assert recall(index, None) >= 0.97


@pytest.mark.parametrize("share", [0.5, 0.1, 0.01])
def test_among_some_rows_too_however_few_they_are(index: VectorIndex, share: float) -> None:
    assert recall(index, np.flatnonzero(np.random.default_rng(2).random(COUNT) < share)) >= 0.97


def test_among_rows_that_lie_together_far_from_most_queries(index: VectorIndex) -> None:
    corner = np.argsort(vectors(COUNT, 0)[:, 0])[:2_000]
    assert recall(index, np.sort(corner)) >= 0.97


def test_where_fewer_can_be_found_the_rest_is_marked(index: VectorIndex) -> None:
    found = index.search(vectors(2, 3), 5, index.select(np.array([7, 8])))
    assert [sorted(each) for each in found.tolist()] == [[-1, -1, -1, 7, 8]] * 2


def test_more_than_a_list_holds_can_be_asked_for(index: VectorIndex) -> None:
    found = index.search(vectors(1, 3), 4_000)[0]
    assert len(set(found.tolist())) == 4_000


@pytest.mark.parametrize("count", [1, 2, 50])
def test_a_few_rows_make_an_index_too(tmp_path: Path, count: int) -> None:
    known = vectors(count, 4)
    build_index(FeatureRows(known), tmp_path / "small")
    index = VectorIndex.open(tmp_path / "small")
    assert index.search(known, 1)[:, 0].tolist() == list(range(count))


def test_what_is_no_index_is_refused_by_name(tmp_path: Path, file: Path) -> None:
    with pytest.raises(FileNotFoundError, match="gone"):
        VectorIndex.open(tmp_path / "gone")
    for content in (b"", b"something else entirely", file.read_bytes()[:50_000]):
        (tmp_path / "broken").write_bytes(content)
        with pytest.raises(ValueError, match="broken is no index"):
            VectorIndex.open(tmp_path / "broken")
