"""Features by their rows: the same wherever the rows lie."""

import numpy as np
import pytest

from models.search.feature_rows import FeatureRows

WHOLE = np.arange(20, dtype=np.float32).reshape(10, 2)


@pytest.fixture(params=["one part", "mapped halves"])
def rows(request: pytest.FixtureRequest) -> FeatureRows:
    if request.param == "one part":
        return FeatureRows(WHOLE)
    return FeatureRows(WHOLE[:6].astype(np.float16), WHOLE[:0], WHOLE[6:])


def test_rows_come_as_float32_in_the_order_asked(rows: FeatureRows) -> None:
    assert rows.shape == (10, 2)
    assert len(rows) == 10
    for asked in ([7, 2, 7], np.array([9, 0]), slice(4, 8), slice(None), slice(8, 50), []):
        found = rows[asked]
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, WHOLE[asked])


def test_rows_that_are_left_out_close_up(rows: FeatureRows) -> None:
    kept = np.array([0, 5, 6, 9])
    some = FeatureRows(WHOLE[:6], WHOLE[6:], kept=kept)
    assert some.shape == (4, 2)
    np.testing.assert_array_equal(some[1:3], WHOLE[[5, 6]])
    np.testing.assert_array_equal(some[[3, 0]], WHOLE[[9, 0]])


@pytest.mark.parametrize("row", [-1, 10])
def test_a_row_that_is_not_there_is_an_error(rows: FeatureRows, row: int) -> None:
    with pytest.raises(IndexError, match="of 10 were asked"):
        rows[[0, row]]


def test_no_rows_at_all() -> None:
    assert FeatureRows().shape == (0, 0)
    assert FeatureRows()[:].shape == (0, 0)
