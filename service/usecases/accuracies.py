"""How well each encoder does on one project's labels: estimates that stay until a label changes."""

from dataclasses import dataclass
from datetime import datetime

from models.classifiers import HeadKind
from models.fitting import fit_head
from service.domain.entities import Estimate
from service.usecases.labelled_pool import LabelledPool


@dataclass(frozen=True)
class LabelledState:
    """One encoder on the labels of one moment.

    A deleted project's id is free again: when it was made tells two apart.
    """

    project_id: str
    made_at: datetime
    encoder_id: str
    kind: HeadKind
    labels_revision: int


def estimate_accuracy(labelled: LabelledPool, kind: HeadKind) -> Estimate | None:
    """The estimate that a classifier would carry that is fitted on this; None without labels."""
    if not len(labelled.labels):
        return None
    pool = labelled.unlabelled
    measured = fit_head(labelled.features, labelled.labels, kind=kind, pool=pool).estimate
    if measured is None:
        return None
    return Estimate(measured.accuracy, measured.low, measured.high, measured.count)
