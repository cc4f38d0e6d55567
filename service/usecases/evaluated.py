"""What an evaluation says, as the use cases hand it out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from models.quality.evaluation import Share
from models.quality.learning_curve import CurvePoint
from service.domain.entities import Estimate

Side = TypeVar("Side", int, str)


@dataclass(frozen=True)
class ClassEvaluation:
    class_id: str
    label: str
    examples: int
    precision: Share | None
    recall: Share | None


@dataclass(frozen=True)
class ConfusionCell:
    actual: str
    predicted: str
    count: int
    image_ids: list[int]


@dataclass(frozen=True)
class Suspect:
    """A label that looks wrong; score in [0, 1]."""

    image_id: int
    class_id: str
    suggested_class_id: str
    score: float
    reason: str


@dataclass(frozen=True)
class Evaluation:
    version: int
    encoder_id: str
    estimate: Estimate | None
    calibration_error: float | None
    verdict: str
    note: str | None
    classes: list[ClassEvaluation]
    confusion: list[ConfusionCell]
    curve: Sequence[CurvePoint]
    forecast: CurvePoint | None
    suspects: list[Suspect]


@dataclass(frozen=True)
class Disagreement:
    """An image that two sides answered differently, by class ids; `class_id` is its label.

    A side that knows no label without this image answers None.
    """

    image_id: int
    class_id: str
    a: str | None
    b: str | None


@dataclass(frozen=True)
class Comparison(Generic[Side]):
    """Two versions or encoders on the same labels; `difference` is B's accuracy less A's."""

    a: Side
    b: Side
    count: int
    accuracy_a: float
    accuracy_b: float
    difference: float
    low: float
    high: float
    p: float
    verdict: str
    disagreements: list[Disagreement]
