"""Labels that look wrong: examples that others of their class do not resemble, ranked."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from models.calibration import fit_temperature
from models.classifiers import HeadKind, build_classifier
from models.cross_validation import HeldOut, cross_validate


@dataclass(frozen=True)
class Suspect:
    """A label that may be wrong.

    row: of the example; score: in [0, 1], higher is more suspect; label, suggested: the class
    it has and the one that it looks like; share: how sure heads that did not see it are of that.
    """

    row: int
    score: float
    label: str
    suggested: str
    share: float

    def reason(self, names: Mapping[str, str]) -> str:
        """In plain words; `names` gives the class of each label as people call it."""
        return (
            f"the other labels make it {names[self.suggested]} with {self.share * 100:.0f} %, "
            f"not {names[self.label]}"
        )


def rank_label_errors(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    kind: HeadKind = "auto",
    pool: npt.ArrayLike | None = None,
    held_out: HeldOut | None = None,
) -> list[Suspect]:
    """The examples whose label their held-out answer contradicts, most suspect first.

    X: (n, d) raw features; y: (n,) classes; held_out: what `cross_validate` gave for them,
    computed where it is not passed. Empty with one class, or where no class has two labels.
    """
    labels = np.asarray(y)
    classes = np.unique(labels)
    head = build_classifier(kind, labels)
    held_out = held_out or cross_validate(head, X, labels, pool)
    if held_out is None or len(classes) < 2:
        return []
    temperature = fit_temperature(held_out, head.temperature)
    probabilities = softmax(held_out.logits / temperature, axis=1)
    chosen = np.arange(len(held_out.codes))
    given = probabilities[chosen, held_out.codes]
    probabilities[chosen, held_out.codes] = -1
    rival = probabilities.argmax(axis=1)
    scores = (1 + probabilities[chosen, rival] - given) / 2
    return [
        Suspect(
            int(held_out.rows[at]),
            float(scores[at]),
            str(classes[held_out.codes[at]]),
            str(classes[rival[at]]),
            float(probabilities[at, rival[at]]),
        )
        for at in np.argsort(-scores, kind="stable")
        if scores[at] > 0.5
    ]
