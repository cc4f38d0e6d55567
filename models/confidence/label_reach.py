"""How well the labels reach each image along a graph of nearest neighbours."""

import numpy as np
import numpy.typing as npt
from scipy import sparse

from models.features import Features

NEIGHBOURS = 10
# Weight of an edge: the cosine to this power.
POWER = 3
# Share of what reaches an image that comes from its neighbours, and the steps of spreading.
DAMPING = 0.9
STEPS = 20


def label_reach(directions: Features, classes: int) -> npt.NDArray[np.float64]:
    """(n,) the most that reaches each image from any class.

    directions: (n, d) of length one, the centroids of the classes first. As by label
    propagation (Zhou et al., "Learning with Local and Global Consistency", NeurIPS 2003), but
    what arrives is not made to sum to one: of a group of images that no label stands near,
    every class would claim a part, and none much.
    """
    weights, degrees = _graph(directions)
    seeds = np.eye(len(directions), classes, dtype=np.float32)
    arrived = seeds
    for _ in range(STEPS):
        arrived = DAMPING * (weights @ arrived) + (1 - DAMPING) * seeds
    return np.asarray(arrived.max(axis=1) / np.sqrt(degrees), dtype=np.float64)


def _graph(directions: Features) -> tuple[sparse.csr_matrix, npt.NDArray[np.float32]]:
    """Symmetric weights (n, n), divided by the roots of both ends' degrees; and these (n,)."""
    count = len(directions)
    cosines = directions @ directions.T
    np.fill_diagonal(cosines, -1)
    degree = min(NEIGHBOURS, count - 1)
    near = np.argpartition(-cosines, degree - 1, axis=1)[:, :degree]
    edges = np.maximum(np.take_along_axis(cosines, near, axis=1), 0) ** POWER
    places = (np.repeat(np.arange(count), degree), near.ravel())
    one_way = sparse.csr_matrix((edges.ravel(), places), shape=(count, count))
    weights = one_way.maximum(one_way.T)
    degrees = np.maximum(np.asarray(weights.sum(axis=1)).ravel(), 1e-9)
    scale = sparse.diags(1 / np.sqrt(degrees))
    return (scale @ weights @ scale).tocsr().astype(np.float32), degrees
