"""How accuracy grows with labels: a power law of the log-odds, with what is usual as its prior."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import expit

Vector: TypeAlias = npt.NDArray[np.float64]

INTERVAL_Z = 1.96  # 95 %
# The log-odds of a right answer rise as -GAIN x (labels a class) ** -DECAY: fitted to 420 draws
# of 2 to 40 classes of Tiny ImageNet, under two encoders; one set differs from another in gain.
DECAY = 0.4
GAIN = 1.9
GAIN_SPREAD = 0.5
# Accuracies of one curve share their examples: this part of their variance moves all alike.
SHARED = 0.7
# Labels differ in what they teach: standard deviation of the log-odds between draws.
DRAW_SPREAD = 0.15


@dataclass(frozen=True)
class Measured:
    """An accuracy of heads that had so many labels a class, on `count` different examples."""

    shots: float
    accuracy: float
    count: int


@dataclass(frozen=True)
class PowerLaw:
    """log-odds(accuracy) = ceiling - gain x shots ** -DECAY, both uncertain.

    After the inverse power law of Figueroa et al., "Predicting sample size required for
    classification performance" (2012); on the log-odds it stays between 0 and 1, and a prior
    on the gain lets it speak from a single measured point.
    mean: (2,) of ceiling and gain; covariance: (2, 2).
    """

    mean: Vector
    covariance: Vector

    @classmethod
    def fit(cls, measured: Sequence[Measured]) -> Self:
        """Bayesian linear regression with normal noise; needs at least one measurement."""
        right = np.array([point.accuracy * point.count for point in measured])
        counts = np.array([point.count for point in measured], dtype=float)
        smoothed = (right + 0.5) / (counts + 1)
        variance = 1 / (counts * smoothed * (1 - smoothed))
        design = np.stack([np.ones(len(counts)), [_rise(point.shots) for point in measured]], 1)
        precision = 1 / ((1 - SHARED) * variance)
        information = design.T @ (precision[:, None] * design)
        information[1, 1] += 1 / GAIN_SPREAD**2
        target = design.T @ (precision * np.log(smoothed / (1 - smoothed)))
        target[1] += GAIN / GAIN_SPREAD**2
        covariance = np.linalg.inv(information)
        mean = covariance @ target
        covariance[0, 0] += SHARED * variance.min()
        return cls(mean, covariance)

    def at(self, shots: float) -> tuple[float, float, float]:
        """Accuracy to expect with so many labels a class, and its 95 % interval, in [0, 1]."""
        row = np.array([1.0, _rise(shots)])
        centre = float(row @ self.mean)
        spread = INTERVAL_Z * float(np.sqrt(row @ self.covariance @ row + DRAW_SPREAD**2))
        low, expected, high = expit([centre - spread, centre, centre + spread])
        return float(expected), float(low), float(high)


def _rise(shots: float) -> float:
    return -float(shots**-DECAY)
