import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from models.quality.power_law import DECAY, Measured, PowerLaw


def test_a_single_measurement_is_extrapolated_by_what_is_usual() -> None:
    law = PowerLaw.fit([Measured(1, 0.6, 20)])

    at_two, low, high = law.at(2)
    assert 0.62 < at_two < 0.78
    assert low < 0.6
    assert high > 0.8


def test_many_tests_tell_the_gain_itself() -> None:
    def truth(shots: float) -> float:
        return float(expit(3 - 3 * shots**-DECAY))

    law = PowerLaw.fit([Measured(shots, truth(shots), 100_000) for shots in (1, 2, 4, 8)])

    assert law.at(20)[0] == pytest.approx(truth(20), abs=0.005)


def test_more_tests_make_the_interval_narrower() -> None:
    widths = []
    for count in (10, 100, 1000):
        _, low, high = PowerLaw.fit([Measured(4, 0.7, count)]).at(5)
        widths.append(high - low)

    assert widths[0] > widths[1] > widths[2]


@given(
    st.lists(
        st.builds(Measured, st.floats(0.1, 1000), st.floats(0, 1), st.integers(1, 10_000)),
        min_size=1,
        max_size=4,
    ),
    st.floats(0.1, 10_000),
)
def test_whatever_was_measured_an_accuracy_stays_a_share(
    measured: list[Measured], shots: float
) -> None:
    expected, low, high = PowerLaw.fit(measured).at(shots)

    assert 0 <= low <= expected <= high <= 1
    assert np.isfinite([expected, low, high]).all()
