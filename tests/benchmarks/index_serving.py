"""What one api process does with a large pool, measured in a process of its own.

    python -m tests.benchmarks.index_serving FOLDER QUERIES.npz [--start]

Prints one JSON object. Run by tests.benchmarks.index.
"""

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

START = time.perf_counter()

import numpy as np  # noqa: E402  what is imported from here on is part of the start
from numpy.typing import NDArray  # noqa: E402

import service.app  # noqa: E402, F401  what an api process holds
from models.features import Features, normalise  # noqa: E402
from models.fitting import fit_head  # noqa: E402
from models.search.near_rows import Rows, ranked  # noqa: E402
from service.settings import Settings  # noqa: E402
from service.storage.embeddings import add_embeddings  # noqa: E402
from service.storage.pools import Pool  # noqa: E402
from service.storage.projects import get_project  # noqa: E402
from service.storage.tables import ImageRow  # noqa: E402
from service.usecases.context import Context, create_context  # noqa: E402
from service.usecases.pool import Listing, list_images  # noqa: E402
from tests.benchmarks.synthetic_features import CHUNK, SyntheticFeatures  # noqa: E402

PROJECT = "default"
COUNT = 10
CLASSES = 10


def main() -> None:
    folder, queries = Path(sys.argv[1]), np.load(sys.argv[2])["queries"]
    imported = time.perf_counter()
    context = create_context(Settings(data_dir=folder, min_free_mb=0))
    pool = load(context)
    pool.nearest(queries[:1], COUNT)
    report: dict[str, object] = {
        "ready_seconds": time.perf_counter() - START,
        "of_which_pool_seconds": time.perf_counter() - imported,
    }
    if "--start" in sys.argv:
        print(json.dumps(report))
        return
    report |= searches(pool, queries)
    report |= memory("searching")
    report |= calls(context)
    report |= scoring(context)
    report |= memory("all")
    print(json.dumps(report))


def load(context: Context) -> Pool:
    with context.database.read() as session:
        encoder_id = str(get_project(session, PROJECT).encoder_id)
        return context.pools.get(session, PROJECT, encoder_id)


def searches(pool: Pool, queries: Features) -> dict[str, object]:
    """Each kind of search: milliseconds, and the share of the nearest that it found."""
    rows = np.random.default_rng(0).permutation(len(pool))
    classes = classes_of(pool)
    sizes = np.bincount(classes)
    chosen = {
        "all": np.arange(len(pool)),
        "label": np.sort(rows[: min(1_000, len(rows) // 10)]),
        "labels": np.sort(rows[: len(rows) // 100]),
        "predicted": np.flatnonzero(classes == sizes.argmax()),
        "predicted, rare": np.flatnonzero(classes == sizes.argmin()),
    }
    report, found = {}, {}
    for name, among in chosen.items():
        found[name], times = search(pool, queries, None if name == "all" else among)
        report[name] = {"rows": len(among)} | times
    for name, exact in exactly(pool, queries, chosen).items():
        near = [np.isin(*pair).mean() for pair in zip(exact, found[name], strict=True)]
        report[name]["recall"] = float(np.mean(near))
    return {"searches": report}


def search(
    pool: Pool, queries: Features, among: Rows | None
) -> tuple[list[NDArray[np.int64]], dict[str, float]]:
    found: list[NDArray[np.int64]] = []
    each = iter(queries)
    times = timed(
        lambda: found.append(pool.nearest(next(each)[None], COUNT, among)[0][0]), len(queries)
    )
    return found, times


def classes_of(pool: Pool) -> NDArray[np.int64]:
    """A class for each image, by the nearest of a few random ones: regions, as of a classifier."""
    centres = pool.features[np.random.default_rng(1).choice(len(pool), CLASSES, replace=False)]
    parts = (pool.features[start : start + CHUNK] for start in range(0, len(pool), CHUNK))
    return np.concatenate([(part @ centres.T).argmax(axis=1) for part in parts])


def exactly(pool: Pool, queries: Features, chosen: dict[str, Rows]) -> dict[str, Rows]:
    """Ids (queries, COUNT) of the images whose vectors, as they came, have the largest cosines."""
    source, directions = SyntheticFeatures(queries.shape[1], seed=0), normalise(queries)
    best = {name: Best(len(queries)) for name in chosen}
    for start in range(0, len(pool), CHUNK):
        stop = min(start + CHUNK, len(pool))
        cosines = directions @ normalise(source.chunk(start // CHUNK)[: stop - start]).T
        for name, rows in chosen.items():
            some = rows[(rows >= start) & (rows < stop)]
            best[name].offer(cosines[:, some - start], pool.image_ids[some])
    return {name: each.ids for name, each in best.items()}


class Best:
    """The COUNT best of all that were offered to each query."""

    def __init__(self, queries: int) -> None:
        self.ids = np.zeros((queries, COUNT), np.int64)
        self._cosines = np.full((queries, COUNT), -np.inf, np.float32)

    def offer(self, cosines: Features, ids: NDArray[np.int64]) -> None:
        """Images (n,) with their cosines (queries, n)."""
        every = np.broadcast_to(ids, cosines.shape)
        self.ids, self._cosines = ranked(
            np.concatenate([self.ids, every], axis=1),
            np.concatenate([self._cosines, cosines], axis=1),
            COUNT,
        )


def calls(context: Context) -> dict[str, object]:
    """What a page asks: lists, and an image that was just added."""
    listings = {
        "newest": Listing(),
        "unlabelled": Listing("unlabelled"),
        "labelled": Listing("labelled"),
    }
    times = {
        name: timed(partial(list_images, context, PROJECT, listing), 10)
        for name, listing in listings.items()
    }
    return {"listings": times, "added_seconds": added(context, 0)}


def added(context: Context, number: int) -> float:
    """Seconds from before an image's embedding is committed until a search finds it."""
    feature = SyntheticFeatures(load(context).features.shape[1], seed=2).chunk(0)[[number]]
    start = time.perf_counter()
    with context.database.write() as session:
        image = ImageRow(
            project_id=PROJECT, sha256=f"new-{start}", filename="new", width=1, height=1
        )
        session.add(image)
        session.flush()
        encoder_id = str(get_project(session, PROJECT).encoder_id)
        add_embeddings(session, encoder_id, [image.id], feature)
    ids, _ = load(context).nearest(feature, 1)
    assert ids.tolist() == [[image.id]]
    return time.perf_counter() - start


def scoring(context: Context) -> dict[str, object]:
    """A classifier's answers for the whole pool, and again when one image came."""
    pool = load(context)
    some = pool.features[np.random.default_rng(2).choice(len(pool), 500, replace=False)]
    head = fit_head(some, (some @ pool.features[:CLASSES].T).argmax(axis=1).astype(str))
    start = time.perf_counter()
    context.scores.get(PROJECT, 1, pool, head)
    seconds = time.perf_counter() - start
    added(context, 1)
    again = timed(lambda: context.scores.get(PROJECT, 1, load(context), head), 1)
    return {"scored_seconds": seconds, "scored_again_ms": again["p50_ms"]}


def timed(call: Callable[[], object], times: int) -> dict[str, float]:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        taken.append(1000 * (time.perf_counter() - start))
    return {"p50_ms": float(np.median(taken)), "p95_ms": float(np.quantile(taken, 0.95))}


def memory(name: str) -> dict[str, float]:
    """Resident megabytes: all, and of those what files back, which the kernel may take away."""
    lines = Path("/proc/self/status").read_text().splitlines()
    status = {line.split(":")[0]: line.split()[1] for line in lines if line.endswith(" kB")}
    return {
        f"{name}_resident_mb": int(status["VmRSS"]) / 1024,
        f"{name}_mapped_mb": int(status["RssFile"]) / 1024,
        f"{name}_peak_mb": int(status["VmHWM"]) / 1024,
    }


if __name__ == "__main__":
    main()
