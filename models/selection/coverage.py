"""Images that stand for many others, one after the other."""

import heapq

import faiss
import numpy as np

from models.features import Features
from models.selection.state import Weights

# Squared distance of two directions that are one image. Saved anew as JPEG, or at half the size, it
# stays below 0.01; of 2,890 different images, all but a dozen are farther from any other.
SAME_IMAGE = 0.04


def cover(
    directions: Features, weights: Weights, labelled: Features | None, sharpness: float, count: int
) -> list[tuple[int, int]]:
    """At most `count` images, each the one that most increases how well all are represented.

    Returns rows of `directions`, each with the number of images that it resembles more than any
    labelled or other chosen one does.

    Bae, Noh, Sutherland, "Generalized Coverage for More Robust Low-Budget Active Learning"
    (MaxHerding, ECCV 2024): an image is represented by the labelled or chosen one nearest to it,
    by exp(sharpness (cosine - 1)). With weights that are uncertainties: Bae, Oliveira, Sutherland,
    "Uncertainty Herding" (ICLR 2025). Near-duplicates of a chosen image are left out.

    directions: (n, d), labelled: (m, d), m >= 1, of length one; weights: (n,), of each image to be
    represented.
    """
    cosines = directions @ directions.T
    lengths = np.diag(cosines)  # 0 of an image in the very middle, else 1
    likeness = _kernel(cosines, sharpness)
    known = np.zeros(len(directions), dtype=np.float32)
    if labelled is not None:
        nearest, _ = faiss.knn(directions, labelled, 1, metric=faiss.METRIC_INNER_PRODUCT)
        known = _kernel(nearest[:, 0], sharpness)
    chosen: list[int] = []
    covered = known
    # What an image adds only falls as others are chosen: one that still adds more than the others
    # did before is the next.
    bounds = [(-float(gain), row) for row, gain in enumerate(_gains(likeness, covered, weights))]
    heapq.heapify(bounds)
    while bounds and len(chosen) < count:
        row = heapq.heappop(bounds)[1]
        if (lengths[row] + lengths[chosen] - 2 * cosines[row, chosen] < SAME_IMAGE).any():
            continue
        gain = float(_gains(likeness[row], covered, weights))
        if bounds and -gain > bounds[0][0]:
            heapq.heappush(bounds, (-gain, row))
            continue
        chosen.append(row)
        covered = np.maximum(covered, likeness[row])
    return list(zip(chosen, _stands_for(likeness[chosen], known), strict=True))


def _kernel(cosines: Features, sharpness: float) -> Features:
    return np.asarray(np.exp(sharpness * (cosines - 1)), dtype=np.float32)


def _gains(likeness: Features, covered: Features, weights: Weights) -> Weights:
    return np.asarray(np.maximum(likeness - covered, 0) @ weights)


def _stands_for(likeness: Features, known: Features) -> list[int]:
    """(chosen,) how many are nearer to each chosen image than to any other or labelled one."""
    if not len(likeness):
        return []
    nearest = np.where(likeness.max(axis=0) > known, likeness.argmax(axis=0), -1)
    return [int((nearest == place).sum()) for place in range(len(likeness))]
