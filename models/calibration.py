"""Honest confidence from held-out answers: one temperature and an accuracy estimate."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq, minimize_scalar

from models.quality.cross_validation import HeldOut
from models.quality.power_law import Measured, PowerLaw

# The temperature stays within this factor of the head's own, however few labels there are.
TEMPERATURE_RANGE = 20.0
# Weight of the head's own temperature against the labels', in held-out examples per squared
# unit of its logarithm: all answers right would otherwise drive the temperature to zero.
PRIOR_EXAMPLES = 2.0
# Errors fall with the number of labels to about the power of minus this: the value under which
# probabilities were best calibrated, on two encoders and from two labels a class to ten.
LEARNING_RATE = 0.2
INTERVAL_Z = 1.96  # 95 %


@dataclass(frozen=True)
class Estimate:
    """Accuracy on new images, a share with its 95 % interval, from `right` of `count` answers.

    shots: labels a class that there are; seen: as many as the heads that answered had. Where
    they had fewer, the usual learning curve makes up for it; else it is the share itself.
    """

    right: int
    count: int
    seen: float = 1.0
    shots: float = 1.0

    @property
    def accuracy(self) -> float:
        return self._expected[0]

    @property
    def low(self) -> float:
        return self._expected[1]

    @property
    def high(self) -> float:
        return self._expected[2]

    @cached_property
    def _expected(self) -> tuple[float, float, float]:
        share = self.right / self.count
        if self.seen == self.shots:
            return share, *wilson_interval(self.right, self.count)
        return PowerLaw.fit([Measured(self.seen, share, self.count)]).at(self.shots)


def fit_temperature(held_out: HeldOut, usual: float) -> float:
    """The temperature that makes the held-out answers most likely, drawn toward `usual`.

    Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017), with a prior.
    """
    behind = _behind(held_out.logits)
    chosen = behind[np.arange(len(behind)), held_out.codes].sum()

    def loss(log_ratio: float) -> float:
        temperature = usual * np.exp(log_ratio)
        surprise = -np.log(_confidence(behind, temperature)).sum() - chosen / temperature
        return float(surprise + PRIOR_EXAMPLES * log_ratio**2)

    limit = np.log(TEMPERATURE_RANGE)
    return float(usual * np.exp(minimize_scalar(loss, bounds=(-limit, limit), method="bounded").x))


def foresee_temperature(held_out: HeldOut, judged: float) -> float:
    """The temperature for the head that sees all labels, which those that were judged did not.

    judged: what `fit_temperature` found for them. The head errs less often than they did, and
    may be as much surer.
    """
    behind = _behind(held_out.logits)

    def confidence(log_ratio: float) -> float:
        return float(_confidence(behind, judged * np.exp(log_ratio)).mean())

    wanted = 1 - (1 - confidence(0)) * held_out.seen**LEARNING_RATE
    surest = -np.log(TEMPERATURE_RANGE)
    if not confidence(0) < wanted < confidence(surest):  # as of all logits equal
        return judged
    return float(judged * np.exp(brentq(lambda ratio: confidence(ratio) - wanted, surest, 0)))


def _behind(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(m, classes) how far each logit stands below the largest; nothing of it overflows."""
    return np.asarray(logits - logits.max(axis=1, keepdims=True))


def _confidence(behind: npt.NDArray[np.float64], temperature: float) -> npt.NDArray[np.float64]:
    """(m,) the probability of the likeliest class."""
    return np.asarray(1 / np.exp(behind / temperature).sum(axis=1))


def estimate_accuracy(held_out: HeldOut, y: npt.ArrayLike) -> Estimate:
    """Of a head that has all labels y (n,), from answers of heads that had a part of them."""
    shots = float(np.median(np.unique(np.asarray(y), return_counts=True)[1]))
    right = held_out.right
    return Estimate(int(right.sum()), len(right), shots * held_out.seen, shots)


def wilson_interval(right: int, count: int) -> tuple[float, float]:
    """95 % bounds of a share; they stay inside [0, 1] and open at 0 of n and n of n.

    Wilson, "Probable Inference, the Law of Succession, and Statistical Inference" (1927).
    """
    share, z2 = right / count, INTERVAL_Z**2
    centre = share + z2 / (2 * count)
    spread = INTERVAL_Z * np.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    scale = 1 + z2 / count
    return max(0.0, float((centre - spread) / scale)), min(1.0, float((centre + spread) / scale))
