"""Whether one classifier is better than another on the same examples."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from models.calibration import INTERVAL_Z

SIGNIFICANT = 0.05
# Exact McNemar cannot come below 0.05 with fewer disagreements than this.
FEWEST_DISAGREEMENTS = 6


@dataclass(frozen=True)
class Comparison:
    """Two classifiers' accuracies on the same `count` examples; differences are b minus a.

    low, high: 95 % interval of the difference, in [-1, 1]; p: of so unequal a split of the
    `disagreements` (one right, one wrong) or a more unequal one, were both equally good.
    """

    count: int
    accuracy_a: float
    accuracy_b: float
    difference: float
    low: float
    high: float
    p: float
    disagreements: int

    def verdict(self, name_a: str, name_b: str) -> str:
        """In words, by the names that the two go by."""
        if self.p < SIGNIFICANT:
            better = name_b if self.difference > 0 else name_a
            return f"{better} is better by {abs(self.difference) * 100:.1f} points"
        if self.disagreements < FEWEST_DISAGREEMENTS:
            return "too few different answers to say which is better"
        return "too few labels to say which is better"


def compare(right_a: npt.ArrayLike, right_b: npt.ArrayLike) -> Comparison:
    """Paired comparison: right_a, right_b (n,) say which examples each answered right.

    The test is the exact one of McNemar, "Note on the sampling error of the difference between
    correlated proportions or percentages" (1947); the interval is that of Bonett and Price,
    "Adjusted Wald Confidence Interval for a Difference of Binomial Proportions Based on Paired
    Data" (2012). Raises ValueError for answers to different numbers of examples, or to none.
    """
    a, b = np.asarray(right_a, dtype=bool), np.asarray(right_b, dtype=bool)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(
            f"a comparison needs both answers to the same examples, not {a.shape} and {b.shape}"
        )
    if not len(a):
        raise ValueError("there is no example that both classifiers answered: label more images")
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    p = float(binomtest(only_b, only_a + only_b).pvalue) if only_a + only_b else 1.0
    low, high = _interval(only_a, only_b, len(a))
    difference = (only_b - only_a) / len(a)
    shares = float(a.mean()), float(b.mean())
    return Comparison(len(a), *shares, difference, low, high, p, only_a + only_b)


def _interval(only_a: int, only_b: int, count: int) -> tuple[float, float]:
    for_a, for_b = (only_a + 1) / (count + 2), (only_b + 1) / (count + 2)
    centre = for_b - for_a
    spread = INTERVAL_Z * np.sqrt((for_a + for_b - centre**2) / (count + 2))
    return max(-1.0, float(centre - spread)), min(1.0, float(centre + spread))
