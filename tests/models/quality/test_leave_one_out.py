import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.features import class_sums, normalise, unit
from models.quality.leave_one_out import leave_one_out, ridge_left_out


@given(st.integers(2, 4), st.integers(2, 4), st.floats(0.1, 50))
def test_the_closed_form_is_what_leaving_out_gives(
    classes: int, shots: int, shrinkage: float
) -> None:
    rng = np.random.default_rng(classes)
    codes = np.repeat(np.arange(classes), shots)
    seen = unit(rng.normal(size=(len(codes), 8)))
    weights = rng.uniform(0.2, 2, len(codes))
    targets = np.eye(classes)[codes] - 1 / classes

    closed = ridge_left_out(seen, codes, weights, shrinkage)

    for row in range(len(codes)):
        others = np.arange(len(codes)) != row
        weighted = seen[others] * weights[others, None]
        left = weighted.T @ seen[others] + shrinkage * np.eye(8)
        solved = np.linalg.solve(left, weighted.T @ targets[others])
        np.testing.assert_allclose(closed[row], seen[row] @ solved, atol=1e-5)


def test_an_example_is_judged_by_the_others() -> None:
    rng = np.random.default_rng(0)
    codes = np.repeat([0, 1], 10)
    features = normalise(rng.normal(size=(20, 16)) + 3 * np.eye(16)[codes])
    mislabelled = codes.copy()
    mislabelled[0] = 1

    probabilities = leave_one_out(features, mislabelled, shrinkage=1.0)

    assert probabilities[0, 0] > 0.5
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


@pytest.mark.parametrize("counts", [[2, 1], [2000, 2], [3, 1, 1]])
def test_unequal_classes_are_answered_in_numbers(counts: list[int]) -> None:
    codes = np.repeat(np.arange(len(counts)), counts)
    features = normalise(np.random.default_rng(0).normal(size=(len(codes), 16)))

    assert np.isfinite(leave_one_out(features, codes, shrinkage=1.0)).all()
    assert class_sums(features, codes).shape == (len(counts), 16)
