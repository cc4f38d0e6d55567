"""Prediction sets: the classes that hold the true one as often as stated."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Chosen = npt.NDArray[np.bool_]

# The coverage that is aimed at; where single answers are right more often, theirs is stated.
COVERAGE = 0.9
# Held-out answers that the quantile needs; nine would do for 90 % to exist at all.
FEWEST_ANSWERS = 20


@dataclass(frozen=True)
class PredictionSets:
    """The likeliest class, and each other of at least `threshold` probability.

    coverage: the share of images, in [0, 1], whose set holds the true class.
    """

    threshold: float
    coverage: float

    def of(self, probabilities: npt.ArrayLike) -> Chosen:
        """(n, classes) of probabilities (n, classes): which classes each set holds."""
        given = np.asarray(probabilities)
        chosen = given >= self.threshold
        chosen[np.arange(len(given)), given.argmax(axis=1)] = True
        return np.asarray(chosen)


def fit_sets(
    probabilities: npt.NDArray[np.float64], codes: npt.NDArray[np.intp]
) -> PredictionSets | None:
    """From held-out probabilities (n, classes) and true classes (n,); None where too few.

    Sadinle, Lei and Wasserman, "Least Ambiguous Set-Valued Classifiers With Bounded Error
    Levels" (2019), with the likeliest class always in. The coverage holds on average over
    projects; what a single one gets strays from it by about 0.3 / sqrt(n).
    """
    count = len(codes)
    if count < FEWEST_ANSWERS:
        return None
    right = probabilities.argmax(axis=1) == codes
    if right.mean() >= COVERAGE:
        return PredictionSets(1.0, float(right.mean()))
    own = np.where(right, 1.0, probabilities[np.arange(count), codes])
    # A new image is as likely to fall into each of the count + 1 gaps between these. The
    # wanted share seldom ends at one of them: between them, it is neither more nor less.
    rank = (1 - COVERAGE) * (count + 1) - 1
    return PredictionSets(float(np.interp(rank, np.arange(count), np.sort(own))), COVERAGE)
