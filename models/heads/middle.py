"""Where the directions of images begin: the middle of the classes, as far as labels tell it."""

import numpy as np
import numpy.typing as npt

from models.features import Features, class_means

# Times the variance of the mean. One to four measured alike in the mean over sets; from two on no
# set of features is the worse for the middle.
CAUTION = 2.0


def middle_of(features: Features, codes: npt.NDArray[np.intp]) -> Features:
    """The mean of the class means (d,), drawn to zero as far as the labels leave it unsure.

    features: (n, d) normalised, so that zero favours no image; codes: (n,) hold each of
    0 .. c_max. Seen from the mean of a handful of images, those few point away from each other
    whatever they show. Of equal images the mean is sure, and stays what it is.
    James and Stein, "Estimation with Quadratic Loss" (1961).
    """
    mean = class_means(features, codes).mean(axis=0)
    variance = float(np.square(features - mean).sum(axis=1).mean()) / len(codes)
    square = float(mean @ mean)
    unsure = square + CAUTION * variance
    sureness = square / unsure if unsure > 0 else 1.0
    return np.asarray(sureness * mean, dtype=np.float32)
