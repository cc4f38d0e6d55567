import numpy as np
import pytest

from models.confidence.nuisance import nuisance_directions


@pytest.mark.parametrize("count", [10, 200])  # fewer and more than components
def test_the_direction_in_which_a_class_differs_is_weighed_down_and_others_are_not(
    count: int,
) -> None:
    rng = np.random.default_rng(0)
    deviations = 0.01 * rng.normal(size=(count, 40))
    deviations[:, 0] += rng.normal(size=count)

    nuisance = nuisance_directions(deviations)

    lengths = np.linalg.norm(np.eye(40) - nuisance.T @ nuisance, axis=0)
    assert lengths[0] < 0.3
    assert lengths[1:].min() > 0.9


def test_without_deviations_nothing_is_weighed_down() -> None:
    assert nuisance_directions(np.zeros((3, 8))).shape == (0, 8)


def test_where_lapack_finds_no_part_of_the_spectrum_all_of_it_is_searched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deviations = np.random.default_rng(0).normal(size=(40, 30))
    usual = nuisance_directions(deviations)

    def fail(*_: object, **__: object) -> None:
        raise np.linalg.LinAlgError("Internal Error.")

    monkeypatch.setattr("models.confidence.nuisance.eigh", fail)

    found = nuisance_directions(deviations)
    np.testing.assert_allclose(found.T @ found, usual.T @ usual, atol=1e-6)
