"""How long heads take: a large regression, a refit, a prediction, and a pool of growing size.

python -m tests.benchmarks.classifiers [--pools 10000,100000,1000000] [--threads N] [--json FILE]

It needs no data: features are centres of classes, of some spread, with noise around them. Seconds
are the processor's, which other work on the machine changes less than those of the clock, on
`--threads` threads (one, if not given); the limits hold for the clock of a machine that is idle.
Both regressions are measured in turns, the faster of two rounds each. scikit-learn's is given the
loosest of several tolerances that brings its loss to within a thousandth of the least loss found;
ours runs as the heads use it. Each pool has a process of its own, for its memory: the most that was
held at once, beyond what was held before the fit.
"""

import argparse
import json
import multiprocessing
import resource
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from models.classifiers import STRENGTH_FEW_LABELS
from models.features import Features, normalise
from models.fitting import FittedHead, fit_head
from models.heads.by_name import HEADS
from models.heads.labels_head import STRENGTH
from models.heads.softmax_regression import solve

Codes = npt.NDArray[np.intp]

DIMENSION = 384
EQUAL_LOSS = 1e-3
TOLERANCES = (1e-4, 1e-5, 4e-6, 2e-6, 1e-6, 1e-7, 1e-8)
ROUNDS = 2


@dataclass(frozen=True)
class Row:
    """One line of the table; `limit` is what was aimed at, in the unit of `value`."""

    what: str
    value: float
    unit: str
    limit: float | None = None
    beside: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pools", default="10000,100000")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    sizes = [int(size) for size in arguments.pools.split(",") if size]
    with threadpool_limits(arguments.threads):
        rows = [*regressions(), *small_tasks()]
    rows += [row for size in sizes for row in in_own_process(size, arguments.threads)]
    Console().print(table(rows))
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")


def features_of(count: int, classes: int, seed: int = 0) -> tuple[Features, Codes]:
    """(n, 384) raw features of so many classes in turn, and their classes (n,)."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(0).standard_normal((classes, DIMENSION), dtype=np.float32)
    features = random.standard_normal((count, DIMENSION), dtype=np.float32)
    features *= np.float32(1.5)
    for code, centre in enumerate(centres):  # in place: the memory of a fit is measured
        features[code::classes] += centre
    return features, np.arange(count) % classes


def regressions() -> list[Row]:
    """5,000 samples of 1,000 classes, with the paper's C and with that of the `labels` head."""
    raw, codes = features_of(5000, 1000)
    samples = normalise(raw).astype(np.float64)
    return [
        row
        for strength in (STRENGTH_FEW_LABELS, STRENGTH)
        for row in regression_rows(samples, codes, strength)
    ]


def regression_rows(samples: npt.NDArray[np.float64], codes: Codes, strength: float) -> list[Row]:
    rivals = [sklearn_solver(samples, codes, strength, tolerance) for tolerance in TOLERANCES]
    losses = [loss(rival(), samples, codes, strength) for rival in rivals]

    def ours() -> npt.NDArray[np.float64]:
        return solve(samples, codes, int(codes.max()) + 1, strength)

    own_loss = loss(ours(), samples, codes, strength)
    least = min(own_loss, *losses)
    equal = [place for place, found in enumerate(losses) if found <= least * (1 + EQUAL_LOSS)]
    seconds, theirs = in_turns(ours, rivals[equal[0]])
    return [
        Row(
            f"regression, 5,000 x 384, 1,000 classes, C = {strength:g}: share of scikit-learn's",
            seconds / theirs,
            "times",
            0.5,
            f"{seconds:.2f} s for a loss of {own_loss / least - 1:.1e} above the least, against "
            f"{theirs:.2f} s for {losses[equal[0]] / least - 1:.1e}",
        )
    ]


def sklearn_solver(
    samples: npt.NDArray[np.float64], codes: Codes, strength: float, tolerance: float
) -> Callable[[], npt.NDArray[np.float64]]:
    def fit() -> npt.NDArray[np.float64]:
        model = LogisticRegression(C=strength, fit_intercept=False, tol=tolerance, max_iter=5000)
        return np.asarray(model.fit(samples, codes).coef_)

    return fit


def loss(
    weights: npt.NDArray[np.float64],
    samples: npt.NDArray[np.float64],
    codes: Codes,
    strength: float,
) -> float:
    """What both minimise."""
    surprise = -log_softmax(samples @ weights.T, axis=1)[np.arange(len(codes)), codes]
    return float(strength * surprise.sum() + (weights**2).sum() / 2)


def in_turns(*tasks: Callable[[], object]) -> list[float]:
    """The least seconds of each, of several rounds."""
    rounds = [[seconds_of(task) for task in tasks] for _ in range(ROUNDS)]
    return [min(found) for found in zip(*rounds, strict=True)]


def seconds_of(task: Callable[[], object]) -> float:
    began = time.process_time()
    task()
    return time.process_time() - began


def small_tasks() -> list[Row]:
    """A refit after one more label, and a prediction with all that is said of an image."""
    features, codes = features_of(50 * 20 + 1, 50)
    seconds = [seconds_of(lambda: fit_head(features, codes)) for _ in range(5)]
    head = fit_head(features, codes)
    tests = features_of(200, 50, seed=1)[0]
    answers = [seconds_of(partial(explain, head, row[None])) for row in tests]
    return [
        Row("refit after one label, 50 classes x 20", 1000 * median(seconds), "ms", 50),
        Row("prediction of one image, all of it", 1000 * median(answers), "ms", 1),
    ]


def explain(head: FittedHead, features: Features) -> None:
    """What is said of images beyond their features."""
    head.prediction_sets(head.predict_proba(features))
    head.is_unknown(features)
    head.unknown_score(features)


def in_own_process(size: int, threads: int) -> list[Row]:
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as processes:
        return processes.apply(pool_rows, (size, threads))


def pool_rows(size: int, threads: int) -> list[Row]:
    """The `pool` head with 5 labels for each of 50 classes, of which the pool is made."""
    import faiss

    faiss.omp_set_num_threads(threads)
    warnings.simplefilter("ignore")
    pool = features_of(size, 50, seed=1)[0]
    features, codes = features_of(250, 50)
    before, began = peak_mebibytes(), time.perf_counter()
    with threadpool_limits(threads):
        seconds = seconds_of(lambda: HEADS["pool"]().fit(features, codes, pool))
    clock, held = time.perf_counter() - began, peak_mebibytes() - before
    limit = 10.0 if size == 100_000 else None
    beside = (
        f"{held:.0f} MiB beyond {pool.nbytes / 2**20:.0f} of features; {clock:.1f} s by the clock"
    )
    return [Row(f"pool head, {size:,} x 384", seconds, "s", limit, beside)]


def peak_mebibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def table(rows: list[Row]) -> Table:
    result = Table("what", "measured", "limit", "beside it", title="seconds of one processor")
    for row in rows:
        limit = "" if row.limit is None else f"{row.limit:g} {row.unit}"
        result.add_row(row.what, f"{row.value:.2f} {row.unit}", limit, row.beside)
    return result


if __name__ == "__main__":
    main()
