"""The rows most like a query by cosine: exact, among few enough to compare with all."""

import faiss
import numpy as np
import numpy.typing as npt

from models.features import Features

Rows = npt.NDArray[np.int64]


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
    if vectors.dtype == np.float16:
        return _nearest_halves(directions, vectors, count)
    cosines = np.asarray(directions @ vectors.T, dtype=np.float32)
    rows = np.arange(len(vectors))[None].repeat(len(directions), axis=0)
    if count < len(vectors):
        rows = np.sort(np.argpartition(-cosines, count - 1, axis=1)[:, :count], axis=1)
    return ranked(rows, np.take_along_axis(cosines, rows, axis=1), count)


def ranked(rows: Rows, cosines: Features, count: int) -> tuple[Rows, Features]:
    """The `count` best of each line (m, c), the best first; of equal ones the first come first."""
    order = np.argsort(-cosines, axis=1, kind="stable")[:, :count]
    return np.take_along_axis(rows, order, axis=1), np.take_along_axis(cosines, order, axis=1)


def _nearest_halves(
    directions: Features, vectors: npt.NDArray[np.floating], count: int
) -> tuple[Rows, Features]:
    index = faiss.IndexScalarQuantizer(
        vectors.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )
    index.add_sa_codes(np.ascontiguousarray(vectors).view(np.uint8))
    cosines, rows = index.search(directions, count)
    return rows, cosines
