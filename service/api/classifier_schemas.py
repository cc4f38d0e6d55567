"""The REST contract of classifier versions and encoders."""

from datetime import datetime

from pydantic import Field

from service.api.schemas import ClassifierKind, Estimate, Message, Spec


class ClassifierMetrics(Message):
    head: str = Field(description="What the kind came to.", examples=["pool"])
    fit_seconds: float = Field(ge=0)
    coverage: float | None = Field(
        ge=0, le=1, description="What prediction sets state; None where there are none."
    )
    note: str | None = Field(description="What the labels do not allow to say yet, and why.")


class Classifier(Message):
    version: int
    active: bool
    kind: ClassifierKind
    encoder_id: str
    classes: dict[str, int] = Field(description="Number of examples by class id.")
    labels: int = Field(description="Labels that it was fitted on.")
    pool_size: int = Field(
        description="Unlabelled images that there were to learn from; 0 for kinds that do not."
    )
    metrics: ClassifierMetrics | None = Field(description="None for versions of old releases.")
    estimate: Estimate | None
    reference: Estimate | None
    created_at: datetime


class ClassifierList(Message):
    classifiers: list[Classifier]


class EncoderRegister(Message):
    spec: Spec = Field(examples=["hf:facebook/vit-msn-small"])


class Encoder(Message):
    id: str
    name: str
    source: str = Field(description="The spec that it was registered from.")
    dimension: int
    image_size: int
    feature: str = Field(examples=["CLS token of the last block, before the final LayerNorm"])
    licence: str
    notice: str | None = Field(description="Why this encoder stands in for another, if it does.")
    active: bool = Field(description="Whether the project uses it at present.")
    embedded: int = Field(description="Images of the project that it has embedded.")
    accuracy: Estimate | None = Field(
        description="Cross-validated accuracy on the project's labels, the same for all encoders; "
        "None until it has embedded all labelled images and some class has two."
    )
    created_at: datetime


class EncoderList(Message):
    encoders: list[Encoder]
    default_id: str | None
