"""The unlabelled pool as a graph of nearest neighbours, along which labels spread.

Zhou et al., "Learning with Local and Global Consistency" (NeurIPS 2003); on deep features with few
labels: Iscen et al., "Label Propagation for Deep Semi-supervised Learning" (CVPR 2019).
"""

from dataclasses import dataclass
from typing import TypeAlias

import faiss
import numpy as np
import numpy.typing as npt
from scipy import sparse

from models.features import Features, normalise, unit

Shares: TypeAlias = npt.NDArray[np.float32]

# Times the mean square, added to the pool's second moments before images are compared: flattens
# the few directions that all images share, and leaves the many small ones alone. The pool's
# middle is not taken away: where one class is most of the pool, that is where its images are.
WHITENING = 10.0
NEIGHBOURS = 10
# A neighbour's weight falls to 1/e where its cosine falls by a tenth.
SHARPNESS = 10.0
# Share of an image's answer that comes from its neighbours, and the passes after which one
# percent of the way is left.
DAMPING = 0.8
PASSES = 20
# Up to here all pairs are compared, beyond it those of the same region or one next to it.
ALL_PAIRS = 5_000
REGIONS_SEARCHED = 16
# A random part of a larger pool stands for all of it: accuracy rises with the pool until there
# are about fifty images a class.
MOST = 20_000


@dataclass(frozen=True)
class PoolGraph:
    """Made once for a pool, used with any labels.

    features: (p, d) normalised, p at most 20,000; edges: (p, p), symmetric weights of near images.
    """

    features: Features
    edges: sparse.csr_matrix
    _whitening: Features
    _index: faiss.Index

    @classmethod
    def of(cls, pool: "PoolLike") -> "PoolGraph":
        """The graph of raw features (p, d), p >= 1; what is a graph already stays as it is."""
        if isinstance(pool, PoolGraph):
            return pool
        features = normalise(_part_of(np.asarray(pool)))
        whitening = whitening_of(features)
        directions = unit(features @ whitening)
        index = _index_of(directions)
        one_way = _edges(*index.search(directions, min(NEIGHBOURS + 1, len(features))))
        one_way.setdiag(0)
        return cls(features, (one_way + one_way.T).tocsr(), whitening, index)

    def with_labelled(self, labelled: Features) -> sparse.csr_matrix:
        """Degree-normalised weights (m + p, m + p) of labelled images, normalised (m, d), and pool.

        Labelled images are tied to the pool only: what one of them is, is known.
        """
        directions = unit(labelled @ self._whitening)
        count = min(NEIGHBOURS, len(self.features))
        bridge = _edges(*self._index.search(directions, count), width=len(self.features))
        weights = sparse.bmat([[None, bridge], [bridge.T, self.edges]], format="csr")
        degrees = np.asarray(weights.sum(axis=1)).ravel()
        scale = sparse.diags((1 / np.sqrt(np.maximum(degrees, 1e-12))).astype(np.float32))
        return (scale @ weights @ scale).tocsr()


# Raw features of unlabelled images (p, d), or what was made of them before.
PoolLike: TypeAlias = npt.ArrayLike | PoolGraph


def spread_labels(weights: sparse.csr_matrix, seeds: Shares) -> Shares:
    """How much each image belongs to each class (n, classes), in shares that sum to one.

    seeds: (n, classes), one-hot for images whose label is known, zeros for the others. An image
    that no path leads to has equal shares.
    """
    reached = seeds
    for _ in range(PASSES):
        reached = DAMPING * (weights @ reached) + (1 - DAMPING) * seeds
    totals = reached.sum(axis=1, keepdims=True)
    return np.where(totals > 0, reached / np.where(totals > 0, totals, 1), 1 / seeds.shape[1])


def _part_of(pool: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    if len(pool) <= MOST:
        return pool
    return pool[np.sort(np.random.default_rng(0).choice(len(pool), MOST, replace=False))]


def whitening_of(features: Features) -> Features:
    """(d, d), by which rows (n, d) are multiplied so that no few directions rule their cosines."""
    moments = (features.T @ features).astype(np.float64) / len(features)
    ridge = max(WHITENING * np.trace(moments) / len(moments), np.finfo(np.float32).tiny)
    factor = np.linalg.cholesky(moments + ridge * np.eye(len(moments)))
    return np.asarray(np.linalg.inv(factor).T, dtype=np.float32)


def _edges(
    similarities: Features, neighbours: npt.NDArray[np.int64], width: int | None = None
) -> sparse.csr_matrix:
    """One-way weights from rows (n) to their nearest of `width` images; -1 marks one not found."""
    rows = np.repeat(np.arange(len(neighbours)), neighbours.shape[1])
    found = neighbours.ravel() >= 0
    weights = np.exp(SHARPNESS * (similarities.ravel()[found] - 1))
    places = (rows[found], neighbours.ravel()[found])
    return sparse.csr_matrix((weights, places), shape=(len(neighbours), width or len(neighbours)))


def _index_of(directions: Features) -> faiss.Index:
    total, dimension = directions.shape
    flat = faiss.IndexFlatIP(dimension)
    if total <= ALL_PAIRS:
        flat.add(directions)
        return flat
    index = faiss.IndexIVFFlat(flat, dimension, int(np.sqrt(total)), faiss.METRIC_INNER_PRODUCT)
    index.cp.max_points_per_centroid = 64
    index.train(directions)
    index.add(directions)
    index.nprobe = REGIONS_SEARCHED
    return index
