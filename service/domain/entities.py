"""The things Handful speaks of, as the use cases hand them out."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

T = TypeVar("T")
FINAL_STATES = frozenset({"succeeded", "failed", "cancelled"})


def now() -> datetime:
    """The present time, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Upload:
    """One file as it arrived."""

    filename: str
    data: bytes


@dataclass(frozen=True)
class Rejected:
    """A file that was not taken, and why."""

    filename: str
    code: str
    reason: str


@dataclass(frozen=True)
class Estimate:
    """An accuracy in [0, 1], its 95 % interval, and the number of images behind it."""

    accuracy: float
    low: float
    high: float
    count: int


@dataclass(frozen=True)
class Project:
    id: str
    name: str
    classifier: str
    encoder_id: str | None
    next_encoder_id: str | None
    images: int
    examples: int
    classes: int
    pending: int
    active_version: int | None
    estimate: Estimate | None
    reference: Estimate | None
    created_at: datetime


@dataclass(frozen=True)
class Class:
    id: str
    name: str
    examples: int
    created_at: datetime


@dataclass(frozen=True)
class Example:
    id: int
    image_id: int
    class_id: str
    filename: str
    created_at: datetime
    duplicate: bool = False
    previous_class_id: str | None = None


@dataclass(frozen=True)
class Neighbour:
    image_id: int
    class_id: str | None
    similarity: float


@dataclass(frozen=True)
class PredictionSummary:
    class_id: str
    label: str
    probability: float
    unknown: bool


@dataclass(frozen=True)
class Prediction(PredictionSummary):
    filename: str
    image_id: int | None
    scores: dict[str, float]
    neighbours: list[Neighbour]


@dataclass(frozen=True)
class ExplainedPrediction(Prediction):
    """A prediction with how sure it is: `set` and `coverage` are None where labels are too few."""

    set: list[str] | None
    coverage: float | None
    unknown_score: float
    note: str | None


@dataclass(frozen=True)
class Image:
    id: int
    sha256: str
    filename: str
    width: int
    height: int
    class_id: str | None
    embedded: bool
    prediction: PredictionSummary | None
    near_duplicate_of: int | None
    created_at: datetime


@dataclass(frozen=True)
class StoredImage:
    """An upload that is in the pool now, and whether it was there before."""

    id: int
    filename: str
    sha256: str
    duplicate: bool


@dataclass(frozen=True)
class Suggestion:
    image_id: int
    filename: str
    class_id: str | None
    reason: str
    prediction: PredictionSummary | None


@dataclass(frozen=True)
class LabelChange:
    image_id: int
    class_id: str | None


@dataclass(frozen=True)
class ClassifierMetrics:
    """What was measured while a version was fitted; None: its labels were too few to tell."""

    head: str
    fit_seconds: float
    coverage: float | None
    note: str | None


@dataclass(frozen=True)
class Classifier:
    version: int
    active: bool
    kind: str
    encoder_id: str
    classes: dict[str, int]
    labels: int
    pool_size: int
    metrics: ClassifierMetrics | None
    estimate: Estimate | None
    reference: Estimate | None
    created_at: datetime


@dataclass(frozen=True)
class LabelSnapshot:
    """The labels that a version was fitted on, the oldest image first."""

    version: int
    labels: list["SnapshotLabel"]


@dataclass(frozen=True)
class SnapshotLabel:
    image_id: int
    class_id: str


@dataclass(frozen=True)
class Encoder:
    id: str
    name: str
    source: str
    dimension: int
    image_size: int
    feature: str
    licence: str
    notice: str | None
    created_at: datetime


@dataclass(frozen=True)
class ProjectEncoder(Encoder):
    """An encoder and what it does for one project; `accuracy` is on the project's labels."""

    active: bool
    embedded: int
    accuracy: Estimate | None


@dataclass(frozen=True)
class Preset:
    """A recipe for pretraining that has a name; `starts_from` are encoders that it can go on."""

    name: str
    description: str
    image_size: int
    epochs: float
    batch: int
    device: str
    starts_from: list[str]


@dataclass(frozen=True)
class Job:
    id: str
    kind: str
    state: str
    project_id: str | None
    payload: dict[str, Any]
    done: int
    total: int
    message: str
    rate: float | None
    outcome: dict[str, Any] | None
    error: str | None
    attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def seconds_left(self) -> float | None:
        """Time until a running job is done at its present rate, where both are known."""
        if self.state != "running" or not self.rate or self.total < self.done:
            return None
        return (self.total - self.done) / self.rate

    @property
    def finished(self) -> bool:
        """Whether the job has reached a state that it never leaves."""
        return self.state in FINAL_STATES


@dataclass(frozen=True)
class FileError:
    """A file of an import that was not taken as it is, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class KnownImage:
    id: int
    sha256: str
    class_id: str | None


@dataclass(frozen=True)
class Page(Generic[T]):
    """A slice of a longer list; `next_cursor` is None on the last one."""

    items: list[T]
    next_cursor: str | None
    total: int
    pending: int = field(default=0)
