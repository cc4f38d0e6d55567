"""How many flipped labels are found: the table of docs/evaluation.md.

    python -m tests.benchmarks.label_errors --encoder models/weights --json errors.json SET.zip ...
        --encoder timm:vit_tiny_patch16_224=FILE.safetensors

Each set is a folder or zip with one folder a class. Of n labelled images a class one in ten gets
another class at random; the figure is the share of these among the 15 % that are ranked first,
which chance would bring to 15 %. The pool is half of the other images.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.low_shot.embedded_images import EmbeddedImages
from models.low_shot.splits import draw_split
from models.quality.label_errors import rank_label_errors
from tests.benchmarks.labelled_sets import measure_sets

SHOTS = (2, 5, 10)
FLIPPED = 0.1
LOOKED_AT = 0.15


@dataclass(frozen=True)
class Found:
    """Mean share, over draws, of the flipped labels among those ranked first."""

    data: str
    shots: int
    pool: bool
    share: float


def measure_set(name: str, images: EmbeddedImages, seeds: int) -> list[Found]:
    return [
        Found(
            name,
            shots,
            pool,
            float(np.mean([_draw(images, shots, seed, pool) for seed in range(seeds)])),
        )
        for shots in SHOTS
        for pool in (False, True)
    ]


def _draw(images: EmbeddedImages, shots: int, seed: int, pool: bool) -> float:
    split = draw_split(images.labels, shots, seed)
    labels = images.labels[split.labelled]
    flipped, wrong = flip(labels, np.random.default_rng([seed, shots]))
    unlabelled = images.features[split.pool] if pool else None
    suspects = rank_label_errors(images.features[split.labelled], flipped, pool=unlabelled)
    first = [each.row for each in suspects[: round(LOOKED_AT * len(labels))]]
    return len(set(first) & set(wrong.tolist())) / len(wrong)


def flip(
    labels: npt.NDArray[np.str_], generator: np.random.Generator
) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.intp]]:
    """The labels with one in ten moved to another class, and the rows of those."""
    classes, codes = np.unique(labels, return_inverse=True)
    wrong = generator.choice(len(codes), max(1, round(FLIPPED * len(codes))), replace=False)
    codes[wrong] = (codes[wrong] + generator.integers(1, len(classes), len(wrong))) % len(classes)
    return classes[codes], wrong


def markdown(found: Sequence[Found]) -> str:
    """In percent; a line a number of labels, with and without the pool."""
    sets = list(dict.fromkeys(each.data for each in found))
    lines = [
        f"| labels a class | pool | {' | '.join(sets)} | mean |",
        "|---" * (len(sets) + 3) + "|",
    ]
    for shots, pool in dict.fromkeys((each.shots, each.pool) for each in found):
        shares = [100 * each.share for each in found if (each.shots, each.pool) == (shots, pool)]
        cells = " | ".join(f"{share:.0f}" for share in [*shares, float(np.mean(shares))])
        lines.append(f"| {shots} | {'yes' if pool else 'no'} | {cells} |")
    return "\n".join(lines)


if __name__ == "__main__":
    measure_sets(__doc__, measure_set, markdown)
