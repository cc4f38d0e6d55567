"""How long suggestions take in pools of growing size, and what of it is the classifier's part."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from statistics import median
from time import perf_counter, process_time

import numpy as np
import numpy.typing as npt

from models.fitting import FittedHead, fit_head
from models.search.feature_rows import FeatureRows
from models.selection import Strategy, suggest
from service.usecases.desk import Desk

DIMENSION = 384
CLASSES = 20
LABELS = 200
COUNT = 30
REPEATS = 5
TIMED: tuple[Strategy, ...] = ("coverage", "uncertain", "balance", "random")


@dataclass(frozen=True)
class Timing:
    """Medians, from the features of a pool to its suggestions.

    seconds: by the clock; processor_seconds: of all cores, which other work changes less.
    """

    images: int
    strategy: str
    seconds: float
    processor_seconds: float


def measure_sizes(sizes: Sequence[int]) -> list[dict[str, object]]:
    """Print a table, seconds of the processor in brackets; the timings as JSON."""
    timings = [timing for size in sizes for timing in measure_size(size)]
    print(f"\n| images | {' | '.join(TIMED)} |\n{'|---' * (len(TIMED) + 1)}|")
    for size in sizes:
        cells = [
            f"{each.seconds:.2f} s ({each.processor_seconds:.2f})"
            for each in timings
            if each.images == size
        ]
        print(f"| {size:,} | {' | '.join(cells)} |")
    return [asdict(each) for each in timings]


def measure_size(size: int) -> Iterator[Timing]:
    features, codes = clustered(size)
    labelled = np.arange(LABELS, dtype=np.int64)
    head = fit_head(features[labelled], codes[labelled].astype(str), pool=features[LABELS:2000])
    counts = np.bincount(codes[labelled], minlength=CLASSES)
    rows = FeatureRows(features)
    for strategy in TIMED:
        answer = partial(answer_once, rows, labelled, head, counts, strategy)
        clock, processor = zip(*(seconds_of(answer) for _ in range(REPEATS)), strict=True)
        yield Timing(size, strategy, median(clock), median(processor))


def answer_once(
    features: FeatureRows,
    labelled: npt.NDArray[np.int64],
    head: FittedHead,
    counts: npt.NDArray[np.intp],
    strategy: Strategy,
) -> None:
    """What the service does for an answer, but for reading the database."""
    believed = None if strategy in ("coverage", "random") else head
    state = Desk.of(features, labelled).state(believed, counts)
    if len(suggest(state, COUNT, strategy)) < COUNT:
        raise RuntimeError(f"there are fewer than {COUNT} suggestions to time")


def clustered(size: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.intp]]:
    """Features (n, 384) in clusters, and the cluster (n,) of each."""
    generator = np.random.default_rng(0)
    codes = np.arange(size) % CLASSES
    features = generator.standard_normal((size, DIMENSION), dtype=np.float32)
    features += generator.standard_normal((CLASSES, DIMENSION), dtype=np.float32)[codes]
    return features, codes


def seconds_of(task: Callable[[], None]) -> tuple[float, float]:
    """By the clock, and of the processor."""
    began, worked = perf_counter(), process_time()
    task()
    return perf_counter() - began, process_time() - worked
