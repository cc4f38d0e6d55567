"""Maps of pools: time, and how many neighbours they keep, beside PCA and other libraries.

    python -m tests.benchmarks.projection --sizes 10000 100000 --json projection.json

openTSNE and umap-learn take part where they are installed (`pip install openTSNE umap-learn`).
`kept`: of an image's ten nearest by cosine, the share among its ten nearest on the map; `near`:
among its hundred nearest. Both are means over 1000 images.
"""

import argparse
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import faiss
import numpy as np
from rich.console import Console
from rich.table import Table

from models.features import Features, normalise
from models.maps.projection import LAID_OUT, principal_directions, project
from models.search.feature_rows import FeatureRows

BASE, DIMENSION, KINDS, OWN = 12_000, 384, 200, 8
ASKED = 1000


@dataclass(frozen=True)
class Measured:
    method: str
    images: int
    seconds: float
    cpu_seconds: float
    kept: float
    near: float


def synthetic(seed: int = 0) -> Features:
    """Features (BASE, DIMENSION) of kinds that each vary along a few directions of their own."""
    rng = np.random.default_rng(seed)
    spectrum = np.arange(1, DIMENSION + 1) ** -0.5  # as those of encoders fall off
    kinds = rng.integers(0, KINDS, BASE)
    centres = rng.normal(size=(KINDS, DIMENSION))
    directions = rng.normal(size=(KINDS, OWN, DIMENSION))
    within = np.einsum("nk,nkd->nd", rng.normal(size=(BASE, OWN)), directions[kinds])
    noise = rng.normal(size=(BASE, DIMENSION))
    mixed = (centres[kinds] + 0.4 * within + 0.5 * noise) * spectrum
    return mixed.astype(np.float32)


def as_many(base: Features, count: int) -> Features:
    """`count` features: some of the base, or points between neighbours in it, under some noise."""
    rng = np.random.default_rng(0)
    if count <= len(base):
        return base[rng.choice(len(base), count, replace=False)]
    unit = normalise(base)
    index = faiss.IndexFlatIP(unit.shape[1])
    index.add(unit)
    neighbours = index.search(unit, 9)[1]
    first = rng.integers(0, len(base), count)
    second = neighbours[first, rng.integers(1, 9, count)]
    share = rng.uniform(size=(count, 1)).astype(np.float32)
    noise = rng.normal(size=(count, unit.shape[1])).astype(np.float32) * (0.5 * unit.std(axis=0))
    return share * unit[first] + (1 - share) * unit[second] + noise


def by_pca(features: Features) -> Features:
    """The two main directions."""
    unit = normalise(features)
    return unit @ principal_directions(unit[:20_000], 2)


def by_handful(features: Features) -> Features:
    """What the service does."""
    return project(FeatureRows(features), lambda _done, _total, _message: None)


def by_placing(features: Features) -> Features:
    """What the service does with pools too large to lay out: half is placed between neighbours."""
    half = len(features) // 2
    return project(FeatureRows(features), lambda _done, _total, _message: None, laid_out=half)


def by_opentsne(features: Features) -> Features:
    """openTSNE as it comes, on 50 main directions."""
    unit = normalise(features)
    reduced = unit @ principal_directions(unit[:20_000], 50)
    tsne = import_module("openTSNE").TSNE(random_state=0, n_jobs=os.cpu_count())
    return np.asarray(tsne.fit(reduced), np.float32)


def by_umap(features: Features) -> Features:
    """umap-learn as it comes, with a seed, on 50 main directions."""
    unit = normalise(features)
    reduced = unit @ principal_directions(unit[:20_000], 50)
    umap = import_module("umap").UMAP(random_state=0, n_jobs=1)
    return np.asarray(umap.fit_transform(reduced), np.float32)


METHODS: dict[str, tuple[str | None, Callable[[Features], Features]]] = {
    "pca": (None, by_pca),
    "handful": (None, by_handful),
    "handful, half placed": (None, by_placing),
    "openTSNE": ("openTSNE", by_opentsne),
    "umap-learn": ("umap", by_umap),
}


def nearest(vectors: Features, rows: np.ndarray, count: int) -> list[list[int]]:
    """The nearest other rows of some rows, by Euclidean distance."""
    index = faiss.IndexFlatL2(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors, np.float32))
    found = index.search(np.ascontiguousarray(vectors[rows], np.float32), count + 1)[1]
    pairs = zip(rows.tolist(), found.tolist(), strict=True)
    return [[each for each in near if each != row][:count] for row, near in pairs]


def measure(method: str, features: Features, truth: list[list[int]], asked: np.ndarray) -> Measured:
    """One method on one pool."""
    start, cpu = time.perf_counter(), time.process_time()
    places = METHODS[method][1](features)
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
    on_map = nearest(places, asked, 100)
    pairs = list(zip(truth, on_map, strict=True))
    kept = np.mean([len(set(true) & set(found[:10])) / 10 for true, found in pairs])
    near = np.mean([len(set(true) & set(found)) / 10 for true, found in pairs])
    return Measured(method, len(features), seconds, cpu_seconds, float(kept), float(near))


def show(results: list[Measured]) -> None:
    table = Table("method", "images", "seconds", "CPU seconds", "kept", "near")
    for each in results:
        times = (f"{each.seconds:.1f}", f"{each.cpu_seconds:.1f}")
        shares = (f"{each.kept:.3f}", f"{each.near:.3f}")
        table.add_row(each.method, f"{each.images:,}", *times, *shares)
    Console(width=100).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--features", type=Path, help="An .npz with real features as `x`.")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    base = np.load(chosen.features)["x"] if chosen.features else synthetic()
    results: list[Measured] = []
    for size in chosen.sizes:
        features = as_many(base, size)
        asked = np.random.default_rng(1).choice(size, min(ASKED, size), replace=False)
        truth = nearest(normalise(features), asked, 10)
        for method in chosen.methods:
            module = METHODS[method][0]
            if module is None or find_spec(module):
                results.append(measure(method, features, truth, asked))
                show(results[-1:])
    show(results)
    print(
        "Time grows with the images, a little faster for their neighbours (n^1.5), up to "
        f"{LAID_OUT:,}; beyond, a placed image takes a tenth of a laid-out one's. One process; "
        "FAISS finds neighbours on all cores, the layout takes one."
    )
    if chosen.json:
        machine = {"cores": os.cpu_count(), "load": os.getloadavg()[0]}
        rows = [asdict(each) for each in results]
        chosen.json.write_text(json.dumps({"machine": machine, "results": rows}, indent=1))


if __name__ == "__main__":
    main()
