import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.features import normalise

finite_rows = arrays(
    np.float32,
    st.tuples(st.integers(1, 5), st.integers(2, 9)),
    elements=st.floats(width=32, allow_nan=False, allow_infinity=False),
)


def test_each_sample_is_centred_on_its_own_and_has_unit_length() -> None:
    rows = np.random.default_rng(0).normal(3, 2, (7, 384))

    expected = rows - rows.mean(axis=1, keepdims=True)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)

    normalised = normalise(rows)
    assert normalised.dtype == np.float32
    np.testing.assert_allclose(normalised, expected, atol=1e-6)


def test_a_sample_does_not_depend_on_the_others() -> None:
    rows = np.random.default_rng(0).normal(size=(5, 8))

    np.testing.assert_array_equal(normalise(rows)[2:3], normalise(rows[2:3]))


def test_shift_and_scale_of_a_sample_do_not_matter() -> None:
    rows = np.random.default_rng(0).normal(size=(3, 16))

    np.testing.assert_allclose(normalise(1000 * rows + 7), normalise(rows), atol=1e-5)


@pytest.mark.parametrize("value", [0.0, 0.1, -3e4])
def test_a_constant_sample_becomes_zeros(value: float) -> None:
    assert not normalise(np.full((2, 192), value)).any()


@given(finite_rows)
def test_lengths_are_one_or_zero_for_any_finite_features(rows: np.ndarray) -> None:
    lengths = np.linalg.norm(normalise(rows), axis=1)

    assert np.all((np.abs(lengths - 1) < 1e-3) | (lengths == 0))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
def test_values_that_are_not_finite_are_refused_by_row(bad: float) -> None:
    rows = np.ones((4, 3))
    rows[2, 1] = bad

    with pytest.raises(ValueError, match=r"1 of 4 feature vectors.*at row 2"):
        normalise(rows)


@pytest.mark.parametrize("shape", [(3,), (2, 3, 4)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="shape"):
        normalise(np.ones(shape))


def test_no_samples_are_no_error() -> None:
    assert normalise(np.empty((0, 5))).shape == (0, 5)
