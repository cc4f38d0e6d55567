"""The REST contract of evaluation: how good a classifier is, what it mixes up, and what next."""

from pydantic import Field

from service.api.schemas import Estimate, Message

Probability = Field(ge=0, le=1)


class Share(Message):
    """A share in [0, 1] with its 95 % interval and the number of images behind it."""

    value: float = Probability
    low: float = Probability
    high: float = Probability
    count: int = Field(ge=1)


class ClassEvaluation(Message):
    class_id: str
    label: str
    examples: int = Field(description="Labels of this class.")
    precision: Share | None = Field(
        description="Of the images said to be of this class, how many are; None where none was."
    )
    recall: Share | None = Field(
        description="Of the images of this class, how many were recognised; None where none could "
        "be tested, because the class has a single label."
    )


class ConfusionCell(Message):
    actual: str = Field(description="Class id of the label.")
    predicted: str = Field(description="Class id that a classifier gave which did not see it.")
    count: int = Field(ge=1)
    image_ids: list[int] = Field(description="The images of this cell; at most 100 of them.")


class CurvePoint(Message):
    labels: int = Field(description="Labels in total.", examples=[40])
    accuracy: float = Probability
    low: float = Probability
    high: float = Probability


class Suspect(Message):
    image_id: int
    class_id: str = Field(description="The label that looks wrong.")
    suggested_class_id: str
    score: float = Field(ge=0, le=1, description="How much it looks wrong.")
    reason: str


class Evaluation(Message):
    version: int = Field(description="The classifier version that answers: this is about it.")
    encoder_id: str
    estimate: Estimate | None = Field(
        description="Cross-validated accuracy on the labels; None until some class has two."
    )
    calibration_error: float | None = Field(
        ge=0,
        le=1,
        description="Mean distance between stated probabilities and what came true, over bins of "
        "the same answers; None where they are fewer than a hundred.",
    )
    verdict: str = Field(
        description="Whether to label on, in words.", examples=["too few labels to say"]
    )
    note: str | None = Field(description="What the labels do not allow to say yet, and why.")
    classes: list[ClassEvaluation]
    confusion: list[ConfusionCell] = Field(description="Cells with images in them alone.")
    curve: list[CurvePoint] = Field(description="Accuracy against the number of labels.")
    forecast: CurvePoint | None = Field(description="What ten more labels would bring.")
    suspects: list[Suspect] = Field(description="Labels that look wrong, the likeliest first.")


class Disagreement(Message):
    image_id: int
    class_id: str = Field(description="Its label.")
    a: str | None = Field(
        description="Class id that A gave; None where without this image it knows no label."
    )
    b: str | None = Field(description="The same of B.")


class Comparison(Message):
    """Two sides on the same labels; each answered by what was fitted without the answered image."""

    count: int = Field(ge=1, description="Labelled images that both answered.")
    accuracy_a: float = Probability
    accuracy_b: float = Probability
    difference: float = Field(ge=-1, le=1, description="Accuracy of B less that of A.")
    low: float = Field(ge=-1, le=1, description="Lower end of its 95 % interval.")
    high: float = Field(ge=-1, le=1)
    p: float = Field(ge=0, le=1, description="McNemar's exact test that neither is better.")
    verdict: str = Field(examples=["no difference that these labels can show"])
    disagreements: list[Disagreement]


class ClassifierComparison(Comparison):
    a: int = Field(description="Version A.")
    b: int = Field(description="Version B.")


class EncoderComparison(Comparison):
    a: str = Field(description="Encoder A.")
    b: str = Field(description="Encoder B.")


class SnapshotLabel(Message):
    image_id: int
    class_id: str


class LabelSnapshot(Message):
    """The labels that a version was fitted on; images of it may be gone since."""

    version: int
    labels: list[SnapshotLabel]
