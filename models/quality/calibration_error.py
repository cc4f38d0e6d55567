"""How far stated probabilities are from what comes true."""

import numpy as np
import numpy.typing as npt

BINS = 15


def expected_calibration_error(
    confidence: npt.ArrayLike, right: npt.ArrayLike, bins: int = BINS
) -> float:
    """Mean distance, in [0, 1], between confidence and accuracy over bins of equal width.

    confidence: (n,) probability of each answer, in [0, 1]; right: (n,) whether it was right.
    Naeini et al., "Obtaining Well Calibrated Probabilities Using Bayesian Binning" (AAAI 2015).
    Raises ValueError for no answers: nothing can be said of them.
    """
    sure, came_true = np.asarray(confidence, dtype=np.float64), np.asarray(right)
    if not len(sure):
        raise ValueError("there is no answer whose confidence could be compared with the truth")
    bin_of = np.minimum((sure * bins).astype(int), bins - 1)
    promised = np.bincount(bin_of, weights=sure, minlength=bins)
    kept = np.bincount(bin_of, weights=came_true.astype(np.float64), minlength=bins)
    return float(np.abs(promised - kept).sum() / len(sure))
