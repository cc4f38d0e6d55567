"""A map of features: images that are alike lie near each other on a plane."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, cast

import faiss
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from models.features import Features, normalise
from models.maps import tsne
from models.search.feature_rows import FeatureRows

Places = NDArray[np.float32]
# Called with what is done, of how much, and in words; it may raise to end the work.
Report = Callable[[int, int, str], None]

# So few have no neighbourhoods: their two main directions say more.
FEW = 50
# Of more than these a random part is laid out, and the rest placed between its neighbours.
LAID_OUT = 200_000
NEIGHBOURS = 15
# Between so few of them is placed what was not laid out: the median of three keeps nearly twice as
# many neighbours as the mean of ten.
PLACED_BETWEEN = 3
# Directions that neighbours are looked for in: the rest is mostly noise.
DIRECTIONS = 50
SAMPLE = 20_000
AT_ONCE = 8192
EXACT = 20_000
PROBED = 12


def project(features: FeatureRows, report: Report, laid_out: int = LAID_OUT) -> Places:
    """Places (n, 2) in [0, 1] of raw features (n, dimension), n > 0; the same ones each time.

    At most `laid_out` of them are laid out by t-SNE, the rest placed between their neighbours.
    """
    count = len(features)
    report(0, 100, "Reading the features")
    reduced = _reduce(features)
    if count < FEW:
        return unit_square(reduced[:, :2])
    chosen = np.arange(count)
    if count > laid_out:
        chosen = np.sort(np.random.default_rng(0).choice(count, laid_out, replace=False))
    report(5, 100, "Finding neighbours")
    index = _index(reduced[chosen])
    graph = neighbour_graph(_search(index, reduced[chosen], NEIGHBOURS + 1, report, (5, 25)))
    laid = tsne.embed(
        graph,
        reduced[chosen, :2],
        lambda step: report(25 + 65 * step // tsne.STEPS, 100, "Laying out"),
    )
    places = np.empty((count, 2), np.float32)
    places[chosen] = laid
    rest = np.setdiff1d(np.arange(count), chosen)
    if len(rest):
        near = _search(index, reduced[rest], PLACED_BETWEEN, report, (90, 100))
        places[rest] = place_between(laid[near])
    return unit_square(places)


def neighbour_graph(nearest: NDArray[np.int64]) -> csr_array:
    """Symmetric weights (n, n) that sum to 1, from the nearest rows (n, k) of each, itself among
    them or not; two that are each other's neighbours weigh twice as much.
    """
    count, width = nearest.shape
    rows, columns = np.repeat(np.arange(count), width), nearest.ravel()
    others = (columns >= 0) & (columns != rows)
    edges = (np.ones(others.sum(), np.float32), (rows[others], columns[others]))
    directed = csr_array(edges, shape=(count, count))
    graph = csr_array(directed + directed.T)
    graph.data /= graph.data.sum()
    return graph


def place_between(places: Places) -> Places:
    """Places (m, 2) of new samples: the middle of those of their neighbours (m, k, 2).

    The median, because a mean would put what has neighbours in two clusters into the void.
    """
    return np.asarray(np.median(places, axis=1), dtype=np.float32)


def unit_square(places: NDArray[np.floating]) -> Places:
    """Places (n, 2) moved and scaled, alike in both directions, into the middle of [0, 1]."""
    low, high = places.min(axis=0), places.max(axis=0)
    extent = float((high - low).max()) or 1.0
    return np.asarray((places - (low + high) / 2) / extent + 0.5, dtype=np.float32)


def principal_directions(features: Features, count: int) -> Features:
    """The directions (d, <= count) of most variance of features (n, d), the first one first."""
    centred = features - features.mean(axis=0)
    directions = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :count]
    # A direction's sign is arbitrary: the same map each time needs a rule.
    signs = np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(directions.shape[1])])
    return np.asarray(directions * signs, dtype=np.float32)


def _reduce(features: FeatureRows) -> Features:
    """Normalised features along their main directions (n, <= DIRECTIONS), at least two."""
    count = len(features)
    some = np.arange(count)
    if count > SAMPLE:
        some = np.sort(np.random.default_rng(0).choice(count, SAMPLE, replace=False))
    directions = principal_directions(normalise(features[some]), DIRECTIONS)
    reduced = np.zeros((count, max(2, directions.shape[1])), np.float32)
    for rows in _slices(count):
        reduced[rows, : directions.shape[1]] = normalise(features[rows]) @ directions
    return reduced


def _index(reduced: Features) -> faiss.Index:
    count, width = reduced.shape
    index: Any = faiss.IndexFlatL2(width)
    if count > EXACT:
        index = faiss.index_factory(width, f"IVF{int(2 * count**0.5)},Flat")
        index.cp.niter, index.cp.max_points_per_centroid = 8, 64
        index.nprobe = PROBED
        index.train(reduced)
    index.add(reduced)
    return cast(faiss.Index, index)


def _search(
    index: faiss.Index, queries: Features, count: int, report: Report, share: tuple[int, int]
) -> NDArray[np.int64]:
    """The nearest rows (m, count) of each query, reporting the way through `share` per cent."""
    found = np.empty((len(queries), count), np.int64)
    for rows in _slices(len(queries)):
        found[rows] = index.search(queries[rows], count)[1]
        done = share[0] + (share[1] - share[0]) * rows.stop // len(queries)
        report(min(done, share[1]), 100, "Finding neighbours")
    return found


def _slices(count: int) -> Iterator[slice]:
    bounds = [*range(0, count, AT_ONCE), count]
    return (slice(start, stop) for start, stop in pairwise(bounds))
