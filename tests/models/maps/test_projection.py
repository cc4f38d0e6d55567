"""Maps of features: what is alike lies together, whatever the pool is like."""

import numpy as np
import pytest
from numpy.typing import NDArray

from models.maps import projection
from models.maps.projection import place_between, project, unit_square
from models.search.feature_rows import FeatureRows


def silent(_done: int, _total: int, _message: str) -> None:
    """No report."""


def clusters(
    count: int, kinds: int = 4, dimension: int = 16
) -> tuple[FeatureRows, NDArray[np.int64]]:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, kinds, count)
    centres = rng.normal(size=(kinds, dimension)) * 4
    features = centres[codes] + rng.normal(size=(count, dimension))
    return FeatureRows(features.astype(np.float32)), codes


def share_of_own_kind(places: NDArray[np.float32], codes: NDArray[np.int64]) -> float:
    """Of the five nearest on the map, how many are of a point's own cluster."""
    distances = ((places[:, None] - places[None]) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = np.argsort(distances, axis=1)[:, :5]
    return float((codes[nearest] == codes[:, None]).mean())


def in_the_square(places: NDArray[np.float32]) -> bool:
    return bool(np.isfinite(places).all() and places.min() >= -1e-6 and places.max() <= 1 + 1e-6)


def test_what_is_alike_lies_together() -> None:
    features, codes = clusters(400)
    places = project(features, silent)
    assert in_the_square(places)
    assert np.ptp(places, axis=0).max() == pytest.approx(1, abs=1e-5)
    assert share_of_own_kind(places, codes) > 0.98


def test_the_same_features_make_the_same_map() -> None:
    features, _ = clusters(300)
    assert np.array_equal(project(features, silent), project(features, silent))


def test_most_of_a_large_pool_is_placed_between_its_neighbours() -> None:
    features, codes = clusters(600)
    places = project(features, silent, laid_out=200)
    assert in_the_square(places)
    assert share_of_own_kind(places, codes) > 0.95
    assert len(np.unique(places, axis=0)) > 350  # not each on top of a neighbour


def test_neighbours_are_found_by_an_index_where_they_are_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    features, codes = clusters(900)
    monkeypatch.setattr(projection, "EXACT", 500)
    monkeypatch.setattr(projection, "SAMPLE", 500)
    assert share_of_own_kind(project(features, silent), codes) > 0.98


@pytest.mark.parametrize("count", [1, 2, 3, projection.FEW - 1, projection.FEW])
def test_few_images_have_a_map_too(count: int) -> None:
    features, _ = clusters(count)
    places = project(features, silent)
    assert places.shape == (count, 2)
    assert in_the_square(places)


@pytest.mark.parametrize("count", [3, 200])
def test_images_that_are_all_the_same_have_a_map_too(count: int) -> None:
    features = FeatureRows(np.tile(np.arange(8, dtype=np.float32), (count, 1)))
    assert in_the_square(project(features, silent))


def test_features_of_one_dimension_have_a_map_too() -> None:
    features = np.random.default_rng(0).normal(size=(60, 1)).astype(np.float32)
    assert in_the_square(project(FeatureRows(features), silent))


def test_the_way_is_reported_and_never_goes_back() -> None:
    told: list[tuple[int, int]] = []
    features, _ = clusters(300)
    project(features, lambda done, total, _: told.append((done, total)), laid_out=200)
    assert told == sorted(told)
    assert {total for _, total in told} == {100}
    assert len(told) > 50


def test_an_error_in_the_report_ends_the_work() -> None:
    def stop(done: int, _total: int, _message: str) -> None:
        if done > 30:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        project(clusters(100)[0], stop)


def test_a_new_image_is_placed_in_the_middle_of_most_of_its_neighbours() -> None:
    near, far = [0.1, 0.1], [0.9, 0.9]
    neighbours = np.array([[near, near, near, far]], np.float32)
    assert np.allclose(place_between(neighbours), [near])


def test_the_square_keeps_the_shape() -> None:
    places = unit_square(np.array([[0.0, 0.0], [4.0, 2.0]]))
    assert np.allclose(places, [[0, 0.25], [1, 0.75]])
