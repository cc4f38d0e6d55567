"""t-SNE by interpolation on a grid: neighbours attract, a smooth field holds the rest apart.

van der Maaten and Hinton, "Visualizing Data using t-SNE" (JMLR 2008); the field after Linderman et
al., "Fast interpolation-based t-SNE" (Nature Methods 2019), in which only the density is spread
over the grid, because the force is its convolution with three fixed kernels. Neighbours count
alike, as in Böhm et al., "Attraction-Repulsion Spectrum in Neighbor Embeddings" (JMLR 2022).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.sparse import csr_array

from models.features import Features

Places = NDArray[np.float32]
# Exaggerated attraction first makes out the clusters, then the plane unfolds.
EARLY_STEPS, STEPS, EXAGGERATION = 100, 300, 12.0
LONGEST_STEP = 5.0
# Of the kernel's width. A finer grid keeps no more neighbours, half as fine a one keeps fewer.
SPACING = 0.5
# Rows whose edges are worked on at once: they fit the processor's cache.
BLOCK = 4096


def embed(graph: csr_array, start: Features, after_step: Callable[[int], None]) -> Places:
    """Places (n, 2) of a graph's nodes on a plane, in units of the kernel's width.

    graph: (n, n) symmetric weights that sum to 1, with an edge in each row. start: (n, 2), any
    scale. after_step: called with the number of steps done, of STEPS; it may raise to end them.
    """
    count = len(start)
    places = np.asarray(start * (1e-4 / max(float(start.std(axis=0).max()), 1e-12)), np.float32)
    velocity, gains = np.zeros_like(places), np.ones_like(places)
    field = Repulsion()
    for step in range(STEPS):
        early = step < EARLY_STEPS
        exaggeration, momentum = (EXAGGERATION, 0.5) if early else (1.0, 0.8)
        gradient = exaggeration * attraction(graph, places) - field(places)
        same = np.sign(gradient) == np.sign(velocity)
        gains = np.maximum(np.where(same, gains * 0.8, gains + 0.2), 0.01)
        rate = 4 * max(count / exaggeration, 50.0)
        velocity = _shortened(momentum * velocity - rate * gains * gradient)
        places = places + velocity
        places -= places.mean(axis=0)
        after_step(step + 1)
    return places


def attraction(graph: csr_array, places: Places) -> NDArray[np.float32]:
    """Pull (n, 2) of each node's neighbours, as a gradient: it points away from them."""
    pull = np.empty_like(places)
    for start in range(0, len(places), BLOCK):
        rows = slice(start, start + BLOCK)
        ends = graph.indptr[start : start + BLOCK + 1]
        edges = slice(ends[0], ends[-1])
        columns = graph.indices[edges]
        offsets = np.repeat(places[rows], np.diff(ends), axis=0) - places[columns]
        weights = graph.data[edges] / (1 + np.einsum("ij,ij->i", offsets, offsets))
        pull[rows] = np.add.reduceat(offsets * weights[:, None], ends[:-1] - ends[0], axis=0)
    return pull


class Repulsion:
    """The push of all points on each other, by convolutions of their density."""

    def __init__(self) -> None:
        self._kernels: list[NDArray[np.complex64]] = []
        self._size = 0

    def __call__(self, places: Places) -> NDArray[np.float32]:
        """Push (n, 2) on each point, as a gradient: it points the way that the point goes."""
        corners, weights, size = _on_grid(places)
        self._resize(size)
        cells = size * size
        parts = (np.bincount(at, w, cells) for at, w in zip(corners, weights, strict=True))
        density = sum(parts, np.zeros(cells)).astype(np.float32).reshape(size, size)
        spectrum = fft.rfft2(density, s=(2 * size, 2 * size))
        read = []
        for kernel in self._kernels:
            spread = fft.irfft2(spectrum * kernel, s=(2 * size, 2 * size))[:size, :size].ravel()
            at_points = (spread[at] * w for at, w in zip(corners, weights, strict=True))
            read.append(sum(at_points, np.zeros(len(places), np.float32)))
        total = read[0].sum(dtype=np.float64) - len(places)  # no point pushes itself
        return np.asarray(np.stack(read[1:], axis=1) / max(total, 1.0), dtype=np.float32)

    def _resize(self, size: int) -> None:
        """Make the kernels anew where the grid has grown."""
        if size == self._size:
            return
        steps = np.arange(2 * size)
        across = np.where(steps < size, steps, steps - 2 * size) * SPACING
        dy, dx = np.meshgrid(across, across, indexing="ij")
        near = 1 / (1 + dx**2 + dy**2)
        kernels = (near, dx * near**2, dy * near**2)
        self._kernels = [fft.rfft2(kernel.astype(np.float32)) for kernel in kernels]
        self._size = size


def _on_grid(
    places: Places,
) -> tuple[list[NDArray[np.int64]], list[NDArray[np.float32]], int]:
    """The four grid points around each place, its weight at each, and the grid's width."""
    scaled = (places - places.min(axis=0)) / SPACING
    cell = scaled.astype(np.int64)
    right, up = (scaled - cell).astype(np.float32).T
    # Grown by 32 at a time: kernels of a new size take as long as several steps.
    size = fft.next_fast_len(-(-(int(cell.max()) + 2) // 32) * 32, real=True)
    first = cell[:, 1] * size + cell[:, 0]
    corners = [first, first + 1, first + size, first + size + 1]
    weights = [(1 - right) * (1 - up), right * (1 - up), (1 - right) * up, right * up]
    return corners, weights, size


def _shortened(steps: Places) -> Places:
    lengths = np.linalg.norm(steps, axis=1, keepdims=True)
    return np.asarray(steps * np.minimum(1, LONGEST_STEP / np.maximum(lengths, 1e-12)), np.float32)
