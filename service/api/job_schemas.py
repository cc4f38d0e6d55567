"""The REST contract of jobs: what each kind is given, and what a pretraining records."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, RootModel, StringConstraints

from service.api.schemas import PRINTABLE, Message, Spec
from service.interchange import ExportFormat, ImportFormat

JobState = Literal["queued", "running", "succeeded", "failed", "cancelled"]
JobKind = Literal["embed", "register_encoder", "pretrain", "import", "export", "map", "index"]
Source = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=PRINTABLE)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=PRINTABLE)]


class EmbedPayload(Message):
    encoder_id: Word


class RegisterPayload(Message):
    spec: Spec


class PretrainPayload(Message):
    preset: Word = Field(examples=["cpu-64"])
    epochs: float | None = Field(
        default=None, gt=0, le=10_000, description="The preset's own if None."
    )
    start_from: Word | None = Field(
        default=None, description="Id of the encoder to go on from; random weights if None."
    )
    settings: dict[str, Word | bool | int | float] = Field(
        default_factory=dict,
        max_length=50,
        description="Values of the recipe to change, by name, as `handful pretrain --set` does.",
        examples=[{"mask_ratio": 0.3}],
    )

    def as_stored(self) -> dict[str, Any]:
        """Plain values, with the settings as one would type them."""
        typed = {name: _as_typed(value) for name, value in self.settings.items()}
        return self.model_dump() | {"settings": typed}


class ImportPayload(Message):
    source: Source = Field(
        description="A path on the server below HANDFUL_IMPORT_ROOTS, s3://bucket/prefix, or "
        "upload:ID of a finished upload.",
        examples=["upload:0b5f6a1e9c8d4a7fb2f0c6d1e3a49785"],
    )
    format: ImportFormat = Field(default="auto", description="What the source holds.")
    labels: Literal["labels", "reference", "ignore"] = Field(
        default="labels",
        description="What its labels become: labels to learn from, true labels that only measure, "
        "or nothing.",
    )
    keep: Literal["copy", "reference"] = Field(
        default="copy",
        description="Copy the files of a path on the server, or read them where they are.",
    )


class ExportPayload(Message):
    format: ExportFormat = Field(examples=["imagefolder"])
    images: bool = Field(default=False, description="With the image files themselves.")
    which: Literal["all", "labelled"] = "all"


class MapPayload(Message):
    """Nothing to choose: the map is of the project's present encoder."""


class EmbedCreate(Message):
    kind: Literal["embed"]
    payload: EmbedPayload


class RegisterCreate(Message):
    kind: Literal["register_encoder"]
    payload: RegisterPayload


class PretrainCreate(Message):
    kind: Literal["pretrain"]
    payload: PretrainPayload


class ImportCreate(Message):
    kind: Literal["import"]
    payload: ImportPayload


class ExportCreate(Message):
    kind: Literal["export"]
    payload: ExportPayload


class MapCreate(Message):
    kind: Literal["map"]
    payload: MapPayload


class JobCreate(
    RootModel[
        Annotated[
            EmbedCreate | RegisterCreate | PretrainCreate | ImportCreate | ExportCreate | MapCreate,
            Field(discriminator="kind"),
        ]
    ]
):
    """A job to start: its kind, and the payload that such a job takes."""


class Outcome(Message):
    """What came of a job so far; what its kind does not count is left out."""

    model_config = ConfigDict(extra="ignore")

    added: int | None = Field(default=None, description="Images that an import added.")
    known: int | None = Field(default=None, description="Images that were in the pool already.")
    labelled: int | None = Field(default=None, description="Labels that an import set.")
    failed: int | None = Field(
        default=None, description="Files of which something could not be taken: see errors."
    )
    near_duplicates: int | None = Field(
        default=None, description="Images of the project that look like an older one."
    )
    images: int | None = Field(default=None, description="Images that an export holds.")
    bytes: int | None = Field(default=None, description="Size of an export's file.")
    filename: str | None = Field(default=None, description="Name of an export's file.")


class Job(Message):
    id: str
    kind: JobKind
    state: JobState
    project_id: str | None
    payload: dict[str, Any]
    done: int
    total: int
    message: str
    rate: float | None = Field(description="How many of `total` are done a second.")
    seconds_left: float | None
    outcome: Outcome | None
    error: str | None
    attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class JobList(Message):
    jobs: list[Job]


class FileError(Message):
    file: str = Field(description="Where it lies in the source.")
    reason: str


class FileErrors(Message):
    errors: list[FileError]
    total: int = Field(description="How many there are in all: `format=csv` has every one.")


class Record(Message):
    """What a pretraining says of itself now and then; what it does not speak of is left out.

    After a resume a step may come a second time: the later record holds.
    """

    # Other versions of the trainer may say more.
    model_config = ConfigDict(extra="ignore")

    number: int = Field(description="Counts the job's records from 1; ask for those after one.")
    step: int | None = None
    steps: int | None = Field(default=None, description="Steps of the whole run.")
    epoch: float | None = None
    seconds: float | None = Field(default=None, description="Time spent training so far.")
    seconds_left: float | None = None
    images_per_second: float | None = None
    waiting: float | None = Field(
        default=None, description="Share of the time spent waiting for data, from 0 to 1."
    )
    memory_mb: float | None = None
    total: float | None = Field(default=None, description="The loss: cross_entropy and me_max.")
    cross_entropy: float | None = None
    me_max: float | None = None
    distinct_prototypes: float | None = None
    mean_largest_target: float | None = None
    gradient_norm: float | None = None
    learning_rate: float | None = None
    weight_decay: float | None = None
    momentum: float | None = None
    knn: float | None = Field(
        default=None, description="Accuracy of nearest neighbours on the known labels."
    )
    low_shot: float | None = Field(
        default=None, description="Accuracy of a classifier from up to five labels a class."
    )
    alarm: str | None = Field(default=None, description="What goes wrong, and what to do.")
    event: str | None = Field(
        default=None,
        description="started, resumed, micro_batch, interrupted, stopped, failed or finished",
    )
    message: str | None = None


class RecordList(Message):
    records: list[Record]


class Preset(Message):
    name: str
    description: str
    image_size: int
    epochs: float
    batch: int = Field(description="Images a step: a pool needs at least as many.")
    device: Literal["cpu", "gpu"] = Field(description="The least that it is made for.")
    starts_from: list[str] = Field(
        description="Ids of the registered encoders that have its architecture."
    )


class PresetList(Message):
    presets: list[Preset]


def _as_typed(value: str | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
