"""What suggestions are chosen from: images without a label, beside those that have one."""

from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from models.features import Features

Rows: TypeAlias = npt.NDArray[np.integer[Any]]
Weights: TypeAlias = npt.NDArray[np.floating[Any]]


class Answers(Protocol):
    """What a classifier says of n images, each (n,).

    best, second: columns of the likeliest classes, the same where there is but one; confidence:
    probability of the best; margin: its lead over the second; unknown: unlike every class.
    """

    @property
    def best(self) -> Rows: ...

    @property
    def second(self) -> Rows: ...

    @property
    def confidence(self) -> Weights: ...

    @property
    def margin(self) -> Weights: ...

    @property
    def unknown(self) -> npt.NDArray[np.bool_]: ...


@dataclass(frozen=True)
class PoolState:
    """A pool at one moment.

    unlabelled: (n, d) raw features, of all images without a label or of a random part of them;
    labelled: (m, d), m >= 0; answers: of the unlabelled images, None as long as there is no
    classifier to believe; label_counts: (classes,) labels of each of the classifier's classes;
    total: how many images there are without a label, None: n. Raises ValueError where answers
    are of another number of images.
    """

    unlabelled: Features
    labelled: Features
    answers: Answers | None = None
    label_counts: npt.NDArray[np.integer[Any]] = field(default_factory=lambda: np.empty(0, np.intp))
    total: int | None = None

    def __post_init__(self) -> None:
        images = len(self.unlabelled)
        if self.answers is not None and len(self.answers.best) != images:
            raise ValueError(
                f"{images} unlabelled images came with {len(self.answers.best)} answers"
            )

    @property
    def has_rivals(self) -> bool:
        """Whether there are answers, of two classes or more."""
        return self.answers is not None and len(self.label_counts) > 1
