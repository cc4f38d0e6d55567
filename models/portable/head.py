"""Any fitted head in one form, which takes no code of ours to read: a few plain arrays.

Features are centred and scaled to length 1, as `models.features.normalise` does it. Then, with
`unit` for a vector divided by its length:

    logits[k] = weights[k] @ unit(x - centre) + offsets[k]             one linear classifier a part
    probabilities = softmax(log(sum_k shares[k] softmax(logits[k])) / temperature)
    away = x - novelty_centre
    seen = away - (away @ novelty_nuisance.T) @ novelty_nuisance
    distance = min(|seen - novelty_centroids|^2)                       to what is labelled
    near = softmax(novelty_sharpness * novelty_landmarks @ unit(seen)) to images of the pool,
                   those left out whose cosine is above novelty_same
    strangeness = distance / novelty_spread + near @ novelty_offsets

A head of one linear classifier is a single part around a centre of zeros.
"""

import io
from dataclasses import dataclass
from functools import singledispatch

import numpy as np
import numpy.typing as npt

from models.classifiers import Arrays, Head, LinearHead
from models.confidence.novelty import SAME, SHARPNESS
from models.fitting import FittedHead
from models.heads.mixture import MixtureHead
from models.portable.graph import number

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Parts:
    """centre: (d,); weights: (k, classes, d); offsets: (k, classes); shares: (k,), sum 1."""

    centre: Array
    weights: Array
    offsets: Array
    shares: Array


@singledispatch
def parts_of(head: Head) -> Parts:
    """The linear classifiers whose softmaxes the head averages."""
    raise NotImplementedError(f"{type(head).__name__} cannot be exported: register its parts")


@parts_of.register
def _(head: LinearHead) -> Parts:
    classes, dimension = head.weights_.shape
    return Parts(
        np.zeros(dimension, dtype=np.float32),
        head.weights_[None],
        np.zeros((1, classes), dtype=np.float32),
        np.ones(1, dtype=np.float32),
    )


@parts_of.register
def _(head: MixtureHead) -> Parts:
    shares = number([part.share for part in head.parts_])
    return Parts(
        head.centre_,
        number([part.weights for part in head.parts_]),
        number([part.offsets for part in head.parts_]),
        shares / shares.sum(),
    )


def head_arrays(head: FittedHead) -> Arrays:
    """The head in the form above, as numpy stores it without pickle.

    Beside it: `classes` (ids in the order of the probabilities), `novelty_threshold` (the
    strangeness above which an image is unknown, inf where the labels are too few to say) and
    `sets` (the least probability of a class in a prediction set and the coverage of such sets,
    or empty).
    """
    parts, threshold, sets = parts_of(head.classifier), head.unknown_threshold, head.sets
    return {
        "classes": head.classes_,
        "centre": parts.centre,
        "weights": parts.weights,
        "offsets": parts.offsets,
        "shares": parts.shares,
        "temperature": np.array(head.temperature),
        **head.novelty.to_arrays(),
        "novelty_sharpness": np.array(SHARPNESS),
        "novelty_same": np.array(SAME),
        "novelty_threshold": np.array(np.inf if threshold is None else threshold),
        "sets": np.array([sets.threshold, sets.coverage] if sets else []),
    }


def export_npz(head: FittedHead) -> bytes:
    """The arrays above as an .npz file, which `numpy.load` reads without pickle."""
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **head_arrays(head))
    return file.getvalue()
