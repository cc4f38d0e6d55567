"""Whether the estimate and the forecast hold what they say: the tables of docs/evaluation.md.

    python -m tests.benchmarks.learning_curve --encoder models/weights --json curve.json SET.zip ...
        --encoder timm:vit_tiny_patch16_224=FILE.safetensors

Each set is a folder or zip with one folder a class. n images a class are labelled, all others are
the pool. The truth now is the accuracy on the pool; the truth later, the same after ten more
random images of it were labelled. The truths are themselves measured on a few hundred images,
so that an interval which is right holds them a little less often than it says.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.heads.by_name import build_classifier, prepare_pool
from models.low_shot.embedded_images import EmbeddedImages
from models.low_shot.splits import draw
from models.quality.learning_curve import CurvePoint, forecast, learning_curve
from tests.benchmarks.labelled_sets import measure_sets

SHOTS = (2, 3, 5, 10)
EXTRA = 10

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Outcome:
    """One draw: what cross-validation, estimate and forecast said, and what came true."""

    data: str
    shots: int
    pool: bool
    held_out: float
    now: CurvePoint
    later: CurvePoint
    true_now: float
    true_later: float


def measure_set(name: str, images: EmbeddedImages, seeds: int) -> Iterable[Outcome]:
    for shots in SHOTS:
        for seed in range(seeds):
            labelled = draw(images.labels, shots, seed)
            more = labelled.copy()
            others = np.flatnonzero(~labelled)
            more[np.random.default_rng([seed, shots]).choice(others, EXTRA, replace=False)] = True
            for pool in (False, True):
                yield _outcome(name, images, shots, pool, labelled, more)


def _outcome(
    name: str, images: EmbeddedImages, shots: int, pool: bool, labelled: Mask, more: Mask
) -> Outcome:
    unlabelled = images.features[~labelled] if pool else None
    curve = learning_curve(images.features[labelled], images.labels[labelled], pool=unlabelled)
    now, later = curve.estimate, forecast(curve, EXTRA)
    if now is None or later is None:
        raise ValueError(f"{name} has a single class: there is nothing to measure")
    truths = (_truth(images, each, pool) for each in (labelled, more))
    return Outcome(name, shots, pool, curve.points[-1].accuracy, now, later, *truths)


def _truth(images: EmbeddedImages, labelled: Mask, pool: bool) -> float:
    graph = prepare_pool("auto", images.features[~labelled] if pool else None)
    head = build_classifier("auto", graph)
    head.fit(images.features[labelled], images.labels[labelled], graph)
    return float(np.mean(head.predict(images.features[~labelled]) == images.labels[~labelled]))


def markdown(outcomes: Sequence[Outcome]) -> str:
    """In points and percent; a line a number of labels, with and without the pool."""
    columns = [
        "labels a class", "pool", "truth", "held out", "estimate", "its width", "covers",
        "forecast covers", "gain forecast", "gain",
    ]  # fmt: skip
    lines = ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    for shots, pool in sorted({(each.shots, each.pool) for each in outcomes}):
        chosen = [each for each in outcomes if (each.shots, each.pool) == (shots, pool)]
        cells = [f"{value:.{digits}f}" for value, digits in _row(chosen)]
        lines.append("| " + " | ".join([str(shots), "yes" if pool else "no", *cells]) + " |")
    return "\n".join(lines)


def _row(outcomes: Sequence[Outcome]) -> list[tuple[float, int]]:
    """Means in percent, each with its number of decimals."""
    figures = [
        (
            (each.true_now, 1),
            (each.held_out, 1),
            (each.now.accuracy, 1),
            (each.now.high - each.now.low, 1),
            (each.now.low <= each.true_now <= each.now.high, 0),
            (each.later.low <= each.true_later <= each.later.high, 0),
            (each.later.accuracy - each.now.accuracy, 1),
            (each.true_later - each.true_now, 1),
        )
        for each in outcomes
    ]
    return [
        (100 * float(np.mean([value for value, _ in column])), column[0][1])
        for column in zip(*figures, strict=True)
    ]


if __name__ == "__main__":
    measure_sets(__doc__, measure_set, markdown)
