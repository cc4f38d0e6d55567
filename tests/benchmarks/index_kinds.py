"""Kinds of index side by side: why large pools have lists and not a graph (docs/scale.md).

    python -m tests.benchmarks.index_kinds --size 100000 --json kinds.json

The service's index and HNSW (FAISS, 32 links, a byte a component), on the same synthetic features:
seconds to build, megabytes, milliseconds a search on one thread and recall at 10, among all images,
a hundredth of them at random, and the smallest of a hundred regions. A graph takes n log n to build
and lists n sqrt(n); among few images a graph walks past what it may not give.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from models.features import Features, normalise
from models.search.feature_rows import FeatureRows
from models.search.near_rows import Rows, ranked
from models.search.vector_index import KIND, VectorIndex, build_index
from tests.benchmarks.gpu_report import table
from tests.benchmarks.synthetic_features import CHUNK, SyntheticFeatures

COUNT, CANDIDATES, LINKS = 10, 32, 32
EFFORTS = (64, 256, 1024)
Search = Callable[[Features, Rows | None], Rows]


@dataclass(frozen=True)
class Kind:
    """An index that was built, and how it is searched."""

    name: str
    build_seconds: float
    megabytes: float
    search: Search


def lists(vectors: Features, file: Path) -> Kind:
    start = time.perf_counter()
    build_index(FeatureRows(vectors), file)
    seconds, index = time.perf_counter() - start, VectorIndex.open(file)

    def search(direction: Features, among: Rows | None) -> Rows:
        some = None if among is None else index.select(among)
        return index.search(direction, CANDIDATES, some)

    return Kind(KIND, seconds, file.stat().st_size / 2**20, search)


def graphs(vectors: Features, file: Path) -> list[Kind]:
    """One graph, searched with several efforts."""
    start = time.perf_counter()
    index = faiss.index_factory(vectors.shape[1], f"HNSW{LINKS},SQ8", faiss.METRIC_L2)
    index.train(vectors)
    index.add(vectors)
    seconds = time.perf_counter() - start
    faiss.write_index(index, str(file))
    size = file.stat().st_size / 2**20
    return [Kind(f"hnsw, {each}", seconds, size, _walk(index, each)) for each in EFFORTS]


def _walk(index: Any, effort: int) -> Search:
    module: Any = faiss  # whose types leave this class out

    def search(direction: Features, among: Rows | None) -> Rows:
        chosen = None
        if among is not None:
            allowed = np.zeros(index.ntotal, bool)
            allowed[among] = True
            bits = np.packbits(allowed, bitorder="little")
            chosen = faiss.IDSelectorBitmap(8 * len(bits), faiss.swig_ptr(bits))
        parameters = module.SearchParametersHNSW(efSearch=effort, sel=chosen)
        return np.asarray(index.search(direction, CANDIDATES, params=parameters)[1])

    return search


def measure(size: int, dimension: int, queries: int) -> list[dict[str, Any]]:
    """A row for each kind and each part of the images."""
    source = SyntheticFeatures(dimension, seed=0)
    vectors = np.concatenate([normalise(source.chunk(each)) for each in range(-(-size // CHUNK))])
    vectors = vectors[:size]
    asked = normalise(SyntheticFeatures(dimension, seed=1).chunk(0)[:queries])
    parts = {"all": None, "a hundredth": np.arange(0, size, 100), "a region": region(vectors)}
    with tempfile.TemporaryDirectory() as folder:
        kinds = [lists(vectors, Path(folder, "ivf")), *graphs(vectors, Path(folder, "hnsw"))]
        faiss.omp_set_num_threads(1)
        return [
            row(kind, name, vectors, asked, among)
            for name, among in parts.items()
            for kind in kinds
        ]


def region(vectors: Features) -> Rows:
    """The images nearest to that one of a hundred centres that has the fewest."""
    nearest = (vectors @ vectors[:: len(vectors) // 100].T).argmax(axis=1)
    return np.flatnonzero(nearest == np.bincount(nearest).argmin())


def row(
    kind: Kind, part: str, vectors: Features, asked: Features, among: Rows | None
) -> dict[str, Any]:
    rows = np.arange(len(vectors)) if among is None else among
    exact = rows[np.argsort(-asked @ vectors[rows].T, axis=1)[:, :COUNT]]
    times, recalls = [], []
    for direction, nearest in zip(asked, exact, strict=True):
        start = time.perf_counter()
        found = kind.search(direction[None], among)
        best, _ = ranked(found, np.where(found < 0, -2, vectors[found] @ direction), COUNT)
        times.append(1000 * (time.perf_counter() - start))
        recalls.append(np.isin(nearest, best).mean())
    return {
        "among": part,
        "images": len(rows),
        "kind": kind.name,
        "build, s": kind.build_seconds,
        "MB": kind.megabytes,
        "p50, ms": float(np.median(times)),
        "recall": float(np.mean(recalls)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    report = measure(arguments.size, arguments.dimension, arguments.queries)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2))
    print(table(report))


if __name__ == "__main__":
    main()
