"""What is to be said of a kind of head on some labels; computed apart from any session."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from models.calibration import Estimate, estimate_accuracy, fit_temperature
from models.classifiers import HeadKind
from models.heads.by_name import build_classifier, prepare_pool
from models.quality import evaluation
from models.quality.calibration_error import expected_calibration_error
from models.quality.cross_validation import HeldOut, cross_validate
from models.quality.label_errors import Suspect, rank_label_errors
from models.quality.learning_curve import LearningCurve, learning_curve
from service.usecases.labelled_pool import LabelledPool

# Fewer answers leave most of the error's bins to chance.
ENOUGH_ANSWERS = 100


@dataclass(frozen=True)
class Judgement:
    """All of it is of held-out answers; rows are those of `image_ids` (n,)."""

    image_ids: NDArray[np.int64]
    estimate: Estimate | None
    calibration_error: float | None
    quality: evaluation.Evaluation
    curve: LearningCurve
    suspects: list[Suspect]


def judge(labelled: LabelledPool, kind: HeadKind) -> Judgement:
    """Right from one class and one label on, where nothing can be said but the counts."""
    X, y = labelled.features, labelled.labels
    pool = prepare_pool(kind, labelled.unlabelled)
    head = build_classifier(kind, pool).fit(X, y, pool)
    held_out = cross_validate(head, X, y, pool)
    if len(np.unique(y)) < 2:
        held_out = None  # every answer was right for want of another
    return Judgement(
        labelled.image_ids,
        estimate_accuracy(held_out, y) if held_out else None,
        _calibration_error(held_out, head.temperature) if held_out else None,
        evaluation.evaluate(held_out, y),
        learning_curve(X, y, kind, pool),
        rank_label_errors(X, y, kind, pool, held_out),
    )


def _calibration_error(held_out: HeldOut, usual: float) -> float | None:
    """At the temperature that a version on these labels would take for these answers."""
    if len(held_out.codes) < ENOUGH_ANSWERS:
        return None
    temperature = fit_temperature(held_out, usual)
    confidence = softmax(held_out.logits / temperature, axis=1).max(axis=1)
    return expected_calibration_error(confidence, held_out.right)
