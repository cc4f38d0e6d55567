"""The rows most like a query by cosine: exact, among few enough to compare with all."""

from collections.abc import Iterator
from contextlib import contextmanager

import faiss
import numpy as np
import numpy.typing as npt

from models.features import Features

Rows = npt.NDArray[np.int64]
# Fewer queries than this are answered sooner by one thread than several can be woken.
FEW = 4


def nearest_rows(
    directions: Features, vectors: npt.NDArray[np.floating], count: int
) -> tuple[Rows, Features]:
    """Rows of `vectors` (n, d), count <= n, and their cosines: each (m, count), best first.

    Both directions (m, d) and vectors are normalised. Halves are compared as they are: to make
    floats of them takes longer than all the rest.
    """
    if not count:
        empty = (len(directions), 0)
        return np.empty(empty, np.int64), np.empty(empty, np.float32)
    search = _nearest_halves if vectors.dtype == np.float16 else _nearest_floats
    with _threads_for(len(directions)):
        cosines, rows = search(directions, np.ascontiguousarray(vectors), count)
    return rows, cosines


def ranked(rows: Rows, cosines: Features, count: int) -> tuple[Rows, Features]:
    """The `count` best of each line (m, c), the best first; of equal ones the first come first."""
    order = np.argsort(-cosines, axis=1, kind="stable")[:, :count]
    return np.take_along_axis(rows, order, axis=1), np.take_along_axis(cosines, order, axis=1)


def _nearest_floats(
    directions: Features, vectors: npt.NDArray[np.floating], count: int
) -> tuple[Features, Rows]:
    cosines, rows = faiss.knn(directions, vectors, count, metric=faiss.METRIC_INNER_PRODUCT)
    return cosines, rows


def _nearest_halves(
    directions: Features, vectors: npt.NDArray[np.floating], count: int
) -> tuple[Features, Rows]:
    index = faiss.IndexScalarQuantizer(
        vectors.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )
    index.add_sa_codes(vectors.view(np.uint8))
    cosines, rows = index.search(directions, count)
    return cosines, rows


@contextmanager
def _threads_for(queries: int) -> Iterator[None]:
    """How many threads FAISS takes, set for the calling thread alone."""
    threads = faiss.omp_get_max_threads()
    if queries < FEW:
        faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)
