"""From labelled features to everything that a prediction needs, in one call."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from models.calibration import Estimate, estimate_accuracy, fit_temperature, foresee_temperature
from models.classifiers import (
    Arrays,
    Head,
    HeadKind,
    Labels,
    PrototypeClassifier,
)
from models.confidence.conformal import PredictionSets, fit_sets
from models.confidence.novelty import Novelty
from models.heads.by_name import build_classifier, prepare_pool
from models.heads.labels_head import LabelsClassifier
from models.heads.logistic_head import LogisticClassifier
from models.heads.pool_graph import PoolGraph, PoolLike
from models.heads.pool_head import PoolClassifier
from models.quality.cross_validation import cross_validate
from models.threads import threads_for

_HEADS: dict[str, type[Head]] = {
    "logistic": LogisticClassifier,
    "prototype": PrototypeClassifier,
    "labels": LabelsClassifier,
    "pool": PoolClassifier,
}


# What needs labels of its own: the accuracy, prediction sets, the unknown.
_GAPS = (
    "how accurate this is (two classes, one of them with two labels)",
    "which set of classes holds the true one (three labels a class, twenty in all)",
    "what is unlike them (two classes with two labels each)",
)


@dataclass(frozen=True)
class FittedHead:
    """A calibrated classifier, its sense of the unknown, and how good it is.

    estimate: None where no class has two labels to test with. It comes from heads that had
    four fifths of the labels (half of them at two a class), and makes up for the others.
    sets: None where the labels are too few to state a coverage.
    """

    classifier: Head
    novelty: Novelty
    estimate: Estimate | None
    sets: PredictionSets | None = None

    @property
    def kind(self) -> str:
        """The head's name: what `auto` came to."""
        return next(name for name, head in _HEADS.items() if type(self.classifier) is head)

    @property
    def classes_(self) -> Labels:
        """Sorted; the order of the columns of `predict_proba`."""
        return np.asarray(self.classifier.classes_)

    @property
    def temperature(self) -> float:
        return self.classifier.temperature

    @property
    def unknown_threshold(self) -> float | None:
        """The strangeness above which an image is unknown; None: too few labels to say."""
        return self.novelty.threshold

    def predict_proba(self, X: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """(n, classes) calibrated probabilities of raw features (n, d)."""
        return self.classifier.predict_proba(X)

    @property
    def coverage(self) -> float | None:
        """The share of images whose prediction set holds the true class; None: no sets."""
        return self.sets.coverage if self.sets else None

    @property
    def confidence_note(self) -> str | None:
        """What the labels are too few to say, and how many would do; None: nothing."""
        gaps = [
            note
            for known, note in zip(
                (self.estimate, self.sets, self.unknown_threshold), _GAPS, strict=True
            )
            if known is None
        ]
        return f"not enough labels to say {'; '.join(gaps)}" if gaps else None

    def prediction_sets(self, probabilities: npt.ArrayLike) -> npt.NDArray[np.bool_] | None:
        """(n, classes) which classes each image's set holds, from calibrated probabilities."""
        return self.sets.of(probabilities) if self.sets else None

    def unknown_score(self, X: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """(n,) in [0, 1]: the higher, the less like anything labelled."""
        return self.novelty.score(X)

    def is_unknown(self, X: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """(n,) whether each image is unlike everything labelled."""
        return self.novelty.is_unknown(X)

    def to_arrays(self) -> Arrays:
        """Numpy stores and loads these without pickle (`allow_pickle=False`)."""
        estimate = self.estimate
        return (
            self.classifier.to_arrays()
            | self.novelty.to_arrays()
            | {
                "kind": np.array(self.kind),
                # What is not known is an empty array.
                "estimate": np.array(astuple(estimate) if estimate else []),
                "sets": np.array([self.sets.threshold, self.sets.coverage] if self.sets else []),
            }
        )

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> Self:
        """The inverse of `to_arrays`; takes what `np.load(file, allow_pickle=False)` gives."""
        kind = str(arrays["kind"])
        if kind not in _HEADS:
            raise ValueError(f"the stored classifier is of an unknown kind: {kind!r}")
        # Heads of before the estimate made up for labels held out carry the counts alone.
        counted = arrays["estimate"].tolist()
        estimate = Estimate(*map(int, counted[:2]), *counted[2:]) if counted else None
        # Heads of the time before prediction sets lack theirs.
        stored = arrays["sets"].tolist() if "sets" in arrays else []
        sets = PredictionSets(*stored) if stored else None
        return cls(_HEADS[kind].from_arrays(arrays), Novelty.from_arrays(arrays), estimate, sets)


def fit_head(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    kind: HeadKind = "auto",
    pool: PoolLike | None = None,
) -> FittedHead:
    """Fit, calibrate and judge a head on labelled features.

    X: (n, d) raw encoder features; y: (n,) class ids; pool: (p, d) raw features of
    unlabelled images, where there are any. Right from one class and one label on:
    what needs more labels (temperature, estimate, unknown) keeps its default or stays None.
    Raises ValueError for no labels, NaN features, or lengths that differ.
    """
    graph = prepare_pool(kind, pool)
    with threads_for(_multiplications(X, y, graph)):
        classifier = build_classifier(kind, graph).fit(X, y, graph)
        held_out = cross_validate(classifier, X, y, graph)
        estimate, sets = None, None
        if held_out and len(classifier.classes_) > 1:
            judged = fit_temperature(held_out, classifier.temperature)
            classifier.set_params(temperature=foresee_temperature(held_out, judged))
            estimate, sets = estimate_accuracy(held_out, y), fit_sets(held_out, judged)
        return FittedHead(classifier, Novelty.fit(X, y, pool), estimate, sets)


def _multiplications(X: npt.ArrayLike, y: npt.ArrayLike, graph: PoolGraph | None) -> int:
    """Of one covariance, the largest product of a fit."""
    numbers = np.size(X) + (graph.features.size if graph else 0)
    return numbers * np.size(X) // max(np.size(y), 1)
