"""The REST contract: what goes in and comes out, one class a message."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from models.image_sources.names import printable

# No control characters: PostgreSQL keeps no NUL, and nobody can read the others.
PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
# As imports read names: what is exported comes back as the same.
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=PRINTABLE),
    AfterValidator(printable),
]
Spec = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=PRINTABLE)]
# What the database can count to.
RowId = Annotated[int, Field(ge=1, le=2**31 - 1)]
ClassifierKind = Literal["auto", "labels", "logistic", "prototype"]
Strategy = Literal["auto", "coverage", "uncertain", "balance", "unknown", "errors", "random"]


class Message(BaseModel):
    """A request or response body; unknown fields in a request are an error."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


class Rejected(Message):
    filename: str
    code: str = Field(examples=["not_an_image"])
    reason: str


class Problem(BaseModel):
    """An error, after RFC 9457."""

    type: str = Field(examples=["https://handful.dev/problems/unknown-class"])
    title: str = Field(examples=["Unknown class"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no class 'otter' in project 'default'."])
    instance: str | None = None
    errors: list[dict[str, Any]] | None = Field(
        default=None, description="One entry a field, when the request itself was malformed."
    )
    rejected: list[Rejected] | None = Field(
        default=None, description="One entry a file, when no file of the request can be used."
    )


# -- projects ---------------------------------------------------------------------------------


class Estimate(Message):
    """An accuracy in [0, 1] with its 95 % interval and the number of images behind it."""

    accuracy: float = Field(ge=0, le=1, examples=[0.93])
    low: float = Field(ge=0, le=1, examples=[0.89])
    high: float = Field(ge=0, le=1, examples=[0.96])
    count: int = Field(ge=1, examples=[50])


class ProjectCreate(Message):
    name: Name = Field(examples=["Cracked parts"])


class ProjectUpdate(Message):
    name: Name | None = None
    classifier: ClassifierKind | None = Field(default=None, examples=["auto"])
    encoder_id: str | None = None


class EncoderChoice(Message):
    encoder_id: str = Field(examples=["vit-msn-small-1a2b3c4d"])


class Project(Message):
    id: str = Field(examples=["cracked-parts"])
    name: str
    classifier: ClassifierKind
    encoder_id: str | None = Field(description="None until the first encoder is registered.")
    next_encoder_id: str | None = Field(
        description="The encoder that takes over once it has embedded the whole pool."
    )
    images: int
    examples: int
    classes: int
    pending: int = Field(description="Images not yet embedded by the project's encoder.")
    active_version: int | None = Field(description="The classifier version that answers.")
    estimate: Estimate | None = Field(
        description="Cross-validated accuracy on the labels; None until some class has two."
    )
    reference: Estimate | None = Field(
        description="Accuracy on unlabelled images whose true label came with them."
    )
    created_at: datetime


class ProjectList(Message):
    projects: list[Project]


# -- classes and examples ---------------------------------------------------------------------


class ClassCreate(Message):
    name: Name = Field(examples=["Sea otter"])


class ClassUpdate(Message):
    name: Name


class ClassMerge(Message):
    into: str = Field(description="The class that keeps the examples.", examples=["sea-otter"])


class Class(Message):
    id: str = Field(examples=["sea-otter"])
    name: str = Field(examples=["Sea otter"])
    examples: int = Field(examples=[5])
    created_at: datetime


class ClassList(Message):
    classes: list[Class]


class ImageIds(Message):
    image_ids: list[RowId] = Field(min_length=1, max_length=10_000, examples=[[1, 2, 3]])


class Example(Message):
    id: int
    image_id: int
    class_id: str
    filename: str
    duplicate: bool = Field(default=False, description="The image was already in the pool.")
    previous_class_id: str | None = Field(
        default=None, description="The class that the image was moved from."
    )
    created_at: datetime


class ExamplesAdded(Message):
    examples: list[Example]
    rejected: list[Rejected]
    classifier_version: int | None = Field(
        description="The version that holds them; None while embeddings are pending."
    )


class ExampleList(Message):
    items: list[Example]
    next_cursor: str | None
    total: int


class ExampleUpdate(Message):
    class_id: str


class LabelChange(Message):
    image_id: RowId
    class_id: str | None = Field(description="None removes the label.")


class LabelChanges(Message):
    labels: list[LabelChange] = Field(min_length=1, max_length=10_000)


class LabelsChanged(Message):
    previous: list[LabelChange] = Field(description="Send these back to undo.")
    classifier_version: int | None


# -- images and predictions -------------------------------------------------------------------


class Neighbour(Message):
    image_id: int
    class_id: str | None
    similarity: float = Field(ge=-1.001, le=1.001)


class PredictionSummary(Message):
    class_id: str
    label: str
    probability: float = Field(ge=0, le=1)
    unknown: bool


class Image(Message):
    id: int
    sha256: str
    filename: str
    width: int
    height: int
    class_id: str | None = Field(description="Its label, if it has one.")
    embedded: bool
    prediction: PredictionSummary | None
    near_duplicate_of: int | None = Field(
        description="Id of an older image that looks the same, where an import found one."
    )
    created_at: datetime


class ImagePage(Message):
    items: list[Image]
    next_cursor: str | None
    total: int
    pending: int = Field(description="Images of the project that are not embedded yet.")


class ImageAdded(Message):
    id: int
    filename: str
    sha256: str
    duplicate: bool


class ImagesAdded(Message):
    images: list[ImageAdded]
    rejected: list[Rejected]
    job_id: str | None = Field(description="The job that embeds them.")


Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Contents(Message):
    sha256s: list[Sha256] = Field(min_length=1, max_length=1000)


class KnownImage(Message):
    id: int
    sha256: str
    class_id: str | None = Field(description="Its label, if it has one.")


class KnownImages(Message):
    known: list[str] = Field(description="Those of the contents that are in the pool already.")
    images: list[KnownImage]


class NeighbourList(Message):
    neighbours: list[Neighbour]


class Prediction(PredictionSummary):
    filename: str
    image_id: int | None
    scores: dict[str, float] = Field(description="Calibrated probability by class id.")
    neighbours: list[Neighbour] = Field(description="The nearest examples.")
    # The rest is there where the request says `explain=true`.
    set: list[str] | None = Field(
        default=None,
        description="Class ids of which one is right as often as `coverage` says, the likeliest "
        "first; None where the labels are too few.",
    )
    coverage: float | None = Field(default=None, ge=0, le=1)
    unknown_score: float | None = Field(
        default=None, ge=0, le=1, description="How unlike everything labelled it is."
    )
    note: str | None = Field(
        default=None, description="What the labels do not allow to say yet, and why."
    )


class ClassifierSummary(Message):
    version: int
    kind: ClassifierKind
    encoder_id: str


class Predictions(Message):
    predictions: list[Prediction]
    rejected: list[Rejected]
    classifier: ClassifierSummary


class Suggestion(Message):
    image_id: int
    filename: str
    class_id: str | None = Field(
        description="Its label, which looks wrong: by the strategy `errors`, else null."
    )
    reason: str = Field(examples=["The classifier hesitates between cat and dog."])
    prediction: PredictionSummary | None


class Suggestions(Message):
    suggestions: list[Suggestion]
    strategy: Strategy


# -- the service --------------------------------------------------------------------------------


class KeyIn(Message):
    key: str


class Session(Message):
    required: bool = Field(description="Whether this service asks for an API key.")
    signed_in: bool


class Health(Message):
    status: Literal["ok", "starting", "degraded"]
    checks: dict[str, str] = Field(examples=[{"database": "ok", "redis": "ok", "encoder": "ok"}])
    version: str
