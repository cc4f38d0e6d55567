"""An index of a million vectors in one file: near neighbours in milliseconds, read as needed.

The vectors lie in lists around centres, a byte a component (IVF with scalar quantisation; Jégou,
Douze, Schmid, "Product Quantization for Nearest Neighbor Search", 2011). A search looks into the
lists nearest to the query until it has seen enough of what it may find.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self, cast

import faiss
import numpy as np
import numpy.typing as npt

from models.features import Features
from models.search.feature_rows import FeatureRows

KIND = "ivf-sq8"
# Times the square root of how many may be found: so many are compared with a query. Of a million,
# of which this is 5 %, it finds 98 of 100 neighbours.
VISITS = 45
# Vectors a list's centre is the mean of, in training.
SAMPLE = 64
AT_ONCE = 16_384
SEED = 0

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Selection:
    """Rows that a search may find: `by_list` is how many of them each list holds."""

    bits: npt.NDArray[np.uint8]
    by_list: Rows

    @cached_property
    def selector(self) -> faiss.IDSelector:
        """What FAISS asks; it points to `bits`."""
        return faiss.IDSelectorBitmap(8 * len(self.bits), faiss.swig_ptr(self.bits))


class VectorIndex:
    """Near neighbours by cosine among the rows of a file that `build_index` wrote.

    The file is mapped: opening it reads next to nothing, and processes share what is read.
    Any number of threads may search at once.
    """

    def __init__(self, index: Any) -> None:
        self._index = index
        self._lists = cast(Any, faiss.downcast_InvertedLists(index.invlists))
        # The threads that would read ahead take longer to start than a search.
        self._lists.prefetch_nthread = 0
        self._sizes = np.array([self._lists.list_size(each) for each in range(index.nlist)])
        self._centres: Features = index.quantizer.reconstruct_n(0, index.nlist)
        self._lengths = np.square(self._centres).sum(axis=1)

    @classmethod
    def open(cls, file: Path) -> Self:
        """Map the file. Raises FileNotFoundError, and ValueError where it is no such index."""
        if not file.is_file():
            raise FileNotFoundError(f"there is no index {file}")
        try:
            return cls(faiss.read_index(str(file), faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY))
        except (RuntimeError, AttributeError) as error:
            raise ValueError(f"{file} is no index of this kind: {error}") from error

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def select(self, rows: Rows) -> Selection:
        """These rows, to be searched among; worth keeping where it is done again."""
        allowed = np.zeros(len(self), dtype=bool)
        allowed[rows] = True
        by_list = np.bincount(self.list_of[rows], minlength=self._index.nlist)
        return Selection(np.packbits(allowed, bitorder="little"), by_list)

    def search(self, directions: Features, count: int, among: Selection | None = None) -> Rows:
        """(m, count) rows near normalised queries (m, d), the nearest first; -1 fills up."""
        sizes = self._sizes if among is None else among.by_list
        visits = max(VISITS * int(np.sqrt(sizes.sum())), 4 * count)
        lists, distances = self._nearest_lists(directions, sizes, visits)
        parameters = faiss.SearchParametersIVF(  # type: ignore[call-arg]
            nprobe=lists.shape[1], sel=among.selector if among else None
        )
        # FAISS's wrapper in Python takes no selector where the lists are given.
        found = np.empty((len(directions), count), np.int64)
        lengths = np.empty(found.shape, np.float32)
        arrays = (lists, distances, lengths, found)
        given = [faiss.swig_ptr(array) for array in (np.ascontiguousarray(directions), *arrays)]
        self._index.search_preassigned_c(
            len(directions), given[0], count, *given[1:], False, parameters
        )
        return found

    def _nearest_lists(
        self, directions: Features, sizes: Rows, visits: int
    ) -> tuple[Rows, Features]:
        """(m, probed) lists with their distances, the nearest first, that hold `visits` vectors.

        sizes: (lists,) how many each holds; lists that hold none are not looked into.
        """
        distances = 1 + self._lengths - 2 * directions @ self._centres.T
        distances[:, sizes == 0] = np.inf
        order = np.argsort(distances, axis=1)
        seen = np.cumsum(sizes[order], axis=1)
        enough = int((seen < visits).sum(axis=1).max(initial=0)) + 1
        probed = order[:, : min(enough, max(int((sizes > 0).sum()), 1))]
        near = np.take_along_axis(distances, probed, axis=1).astype(np.float32)
        return np.ascontiguousarray(probed, dtype=np.int64), near

    @cached_property
    def list_of(self) -> npt.NDArray[np.int32]:
        """(n,) the list of each row."""
        found = np.empty(len(self), np.int32)
        for number, size in enumerate(self._sizes.tolist()):
            if size:
                found[faiss.rev_swig_ptr(self._lists.get_ids(number), size)] = number
        return found


def build_index(features: FeatureRows, file: Path) -> None:
    """Write the index of normalised features (n, d), n >= 1, to a file.

    The centres are found on a GPU where FAISS has one. Raises OSError where the disk is full.
    """
    lists = _lists(len(features))
    dimension = features.shape[1]
    index: Any = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatL2(dimension), dimension, lists, faiss.ScalarQuantizer.QT_8bit
    )
    if faiss.get_num_gpus():
        index.clustering_index = faiss.index_cpu_to_all_gpus(faiss.IndexFlatL2(dimension))
    index.cp.min_points_per_centroid = 1
    index.train(features[_sample(len(features), SAMPLE * lists)])
    for start in range(0, len(features), AT_ONCE):
        index.add(features[start : start + AT_ONCE])
    _write(index, file)


def _write(index: Any, file: Path) -> None:
    try:
        faiss.write_index(index, str(file))
    except RuntimeError as error:
        raise OSError(f"{file} could not be written, is the disk full? {error}") from error


def _sample(total: int, most: int) -> Rows:
    if total <= most:
        return np.arange(total)
    return np.sort(np.random.default_rng(SEED).choice(total, most, replace=False))


def _lists(rows: int) -> int:
    """About the square root, as a power of two: to choose lists costs as much as to read some."""
    return int(2 ** np.ceil(np.log2(max(np.sqrt(rows), 1))))
