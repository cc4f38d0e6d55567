"""Where a classifier is right and wrong on the user's own labels, class by class."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from models.calibration import wilson_interval
from models.quality.cross_validation import HeldOut


@dataclass(frozen=True)
class Share:
    """A share in [0, 1] of `count` examples, with Wilson's 95 % interval."""

    value: float
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, right: int, count: int) -> Self | None:
        """None where there was nothing to count."""
        if not count:
            return None
        return cls(right / count, *wilson_interval(right, count), count)


@dataclass(frozen=True)
class ClassQuality:
    """One class among the held-out answers.

    examples: its labels, tested or not; precision: of the answers that name it, the share that
    is right; recall: of its own tested examples, the share that was recognised.
    """

    label: str
    examples: int
    precision: Share | None
    recall: Share | None


@dataclass(frozen=True)
class ConfusionCell:
    """The examples, by their rows, that are labelled `actual` and were answered `predicted`."""

    actual: str
    predicted: str
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Evaluation:
    """classes: in sorted order, each of them; confusion: the cells that are not empty."""

    classes: tuple[ClassQuality, ...]
    confusion: tuple[ConfusionCell, ...]


def evaluate(held_out: HeldOut | None, y: npt.ArrayLike) -> Evaluation:
    """Precision, recall and confusion of the held-out answers to labels y (n,).

    held_out: what `cross_validate` gave for these labels; None leaves every share open.
    """
    classes, codes = np.unique(np.asarray(y), return_inverse=True)
    names = [str(name) for name in classes]
    counts = np.bincount(codes, minlength=len(names))
    actual, predicted, rows = _answers(held_out)
    right = np.bincount(actual[actual == predicted], minlength=len(names))
    answered = np.bincount(predicted, minlength=len(names))
    tested = np.bincount(actual, minlength=len(names))
    qualities = (
        ClassQuality(
            name,
            int(counts[code]),
            Share.of(int(right[code]), int(answered[code])),
            Share.of(int(right[code]), int(tested[code])),
        )
        for code, name in enumerate(names)
    )
    return Evaluation(tuple(qualities), _confusion(names, actual, predicted, rows))


def _answers(held_out: HeldOut | None) -> tuple[npt.NDArray[np.intp], ...]:
    """Actual class, predicted class and row of each tested example, each (m,)."""
    if held_out is None:
        nothing = np.zeros(0, dtype=np.intp)
        return nothing, nothing, nothing
    return held_out.codes, held_out.logits.argmax(axis=1), held_out.rows


def _confusion(
    names: list[str],
    actual: npt.NDArray[np.intp],
    predicted: npt.NDArray[np.intp],
    rows: npt.NDArray[np.intp],
) -> tuple[ConfusionCell, ...]:
    cells: dict[tuple[int, int], list[int]] = {}
    for row in np.argsort(rows):
        cells.setdefault((int(actual[row]), int(predicted[row])), []).append(int(rows[row]))
    return tuple(
        ConfusionCell(names[left], names[right], tuple(cells[left, right]))
        for left, right in sorted(cells)
    )
