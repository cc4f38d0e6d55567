"""Prediction sets: the classes that hold the true one as often as stated."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from models.quality.cross_validation import HeldOut

Chosen = npt.NDArray[np.bool_]

# The coverage that is aimed at; where single answers are right more often, theirs is stated.
COVERAGE = 0.9
# Held-out answers that the quantile needs; nine would do for 90 % to exist at all.
FEWEST_ANSWERS = 20
# Share of the labels that their heads had: with half of them, as at two labels a class, they are
# so much worse than the head itself that its sets would hold the true class more often.
LEAST_SEEN = 0.6


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


def fit_sets(held_out: HeldOut, temperature: float) -> PredictionSets | None:
    """From held-out answers and the temperature that suits their heads; None where too few.

    Sadinle, Lei and Wasserman, "Least Ambiguous Set-Valued Classifiers With Bounded Error
    Levels" (2019), with the likeliest class always in. The coverage holds on average over
    projects; what a single one gets strays from it by about 0.3 / sqrt(n).
    """
    count = len(held_out.codes)
    if count < FEWEST_ANSWERS or held_out.seen < LEAST_SEEN:
        return None
    right = held_out.right
    # Half an answer each way: so few can all be right where a few in a hundred are wrong.
    usually_right = (right.sum() + 0.5) / (count + 1)
    if usually_right >= COVERAGE:
        return PredictionSets(1.0, float(usually_right))
    probabilities = softmax(held_out.logits / temperature, axis=1)
    own = np.where(right, 1.0, probabilities[np.arange(count), held_out.codes])
    # A new image is as likely to fall into each of the count + 1 gaps between these. The
    # wanted share seldom ends at one of them: between them, it is neither more nor less.
    rank = (1 - COVERAGE) * (count + 1) - 1
    return PredictionSets(float(np.interp(rank, np.arange(count), np.sort(own))), COVERAGE)
