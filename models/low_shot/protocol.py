"""Low-shot evaluation: few labelled images a class, tested on images that no head has seen."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from models.classifiers import Head
from models.features import Features
from models.low_shot.splits import Rows, Split, draw, without_pool
from models.quality.calibration_error import expected_calibration_error

Array: TypeAlias = npt.NDArray[np.generic]
HeadFactory: TypeAlias = Callable[[], Head]

# The probabilities of so many images fit any memory, for a thousand classes too.
AT_ONCE = 8192


class Predictor(Protocol):
    """What has learned; the columns of `predict_proba(X)` are `classes_`."""

    @property
    def classes_(self) -> Array: ...

    def predict_proba(self, X: npt.ArrayLike) -> npt.NDArray[np.float64]: ...


# From labelled features (n, d), their classes (n,) and, where there is one, a pool (p, d).
Fit: TypeAlias = Callable[[Array, Array, Array | None], Predictor]


@dataclass(frozen=True)
class LowShotResult:
    """What one head made of one set of tests at one number of labels a class.

    draws: top-1 accuracies in [0, 1]; ece: expected calibration error of the answers of all
    draws together, as the few of a single draw would add their own noise to it; fit_seconds:
    median over draws; tests: the set's name, "" for the only one.
    """

    head: str
    shots: int
    draws: tuple[float, ...]
    ece: float
    fit_seconds: float
    tests: str = ""

    @property
    def mean(self) -> float:
        return float(np.mean(self.draws))

    @property
    def std(self) -> float:
        """Between draws."""
        return float(np.std(self.draws))


def low_shot_table(
    features: npt.ArrayLike,
    labels: npt.ArrayLike,
    shots: Sequence[int],
    seeds: int,
    heads: Mapping[str, HeadFactory],
) -> list[LowShotResult]:
    """Heads that learn from labels alone, tested on all images that are not labelled.

    features: (n, d) raw encoder features; labels: (n,) classes. All heads see the same draws,
    which depend on the labels, the number of shots and the seed alone, so that encoders can
    be compared draw by draw. Raises ValueError where a class has no image left to test with.
    """
    encoded, classes = np.asarray(features), np.asarray(labels)
    fits = {name: plain(head) for name, head in heads.items()}
    results: list[LowShotResult] = []
    for count in shots:
        splits = [without_pool(draw(classes, count, seed)) for seed in range(seeds)]
        results += measure(encoded, classes, count, splits, fits)
    return results


def plain(head: HeadFactory) -> Fit:
    """A head fitted as it stands, its probabilities not calibrated."""
    return lambda features, labels, pool: head().fit(features, labels, pool)


def measure(
    features: Array, labels: Array, shots: int, splits: Sequence[Split], fits: Mapping[str, Fit]
) -> Iterator[LowShotResult]:
    """Each head on each set of tests and, where there are several, on their mean.

    features: (n, d) raw encoder features; labels: (n,); shots: labels a class, for the record;
    splits: one for each draw, all with sets of tests of the same names.
    """
    for name, fit in fits.items():
        trials = [_trial(fit, features, labels, split) for split in splits]
        seconds = float(np.median([trial.fit_seconds for trial in trials]))
        by_set = {tests: [trial.answers[tests] for trial in trials] for tests in splits[0].tests}
        for tests, answers in by_set.items():
            draws = tuple(answer.accuracy for answer in answers)
            yield LowShotResult(name, shots, draws, _ece(answers), seconds, tests)
        if len(by_set) > 1:
            draws = tuple(trial.mean_accuracy for trial in trials)
            together = [answer for answers in by_set.values() for answer in answers]
            mean = f"mean of {len(by_set)}"
            yield LowShotResult(name, shots, draws, _ece(together), seconds, mean)


def raw_pixel_features(images: Sequence[Image.Image], side: int = 32) -> Features:
    """The baseline without an encoder: (n, 3 x side x side) small RGB pixels in [0, 1]."""
    features = np.empty((len(images), 3 * side * side), dtype=np.float32)
    for row, image in zip(features, images, strict=True):
        small = image.convert("RGB").resize((side, side), Image.Resampling.BILINEAR)
        row[:] = np.asarray(small, dtype=np.float32).ravel() / 255
    return features


@dataclass(frozen=True)
class _Answers:
    """(m,) each: how sure the head was of its answer, in [0, 1], and whether that was right."""

    confidence: npt.NDArray[np.float64]
    right: npt.NDArray[np.bool_]

    @property
    def accuracy(self) -> float:
        return float(self.right.mean())


@dataclass(frozen=True)
class _Trial:
    """What came of one draw; answers by the name of the set of tests."""

    fit_seconds: float
    answers: Mapping[str, _Answers]

    @property
    def mean_accuracy(self) -> float:
        return float(np.mean([answers.accuracy for answers in self.answers.values()]))


def _trial(fit: Fit, features: Array, labels: Array, split: Split) -> _Trial:
    pool = features[split.pool] if len(split.pool) else None
    seen, classes = features[split.labelled], labels[split.labelled]
    began = time.perf_counter()
    fitted = fit(seen, classes, pool)
    seconds = time.perf_counter() - began
    answers = {name: _answer(fitted, features, labels, rows) for name, rows in split.tests.items()}
    return _Trial(seconds, answers)


def _answer(fitted: Predictor, features: Array, labels: Array, rows: Rows) -> _Answers:
    confidence, right = [], []
    for part in np.array_split(rows, range(AT_ONCE, len(rows), AT_ONCE)):
        probabilities = fitted.predict_proba(features[part])
        confidence.append(probabilities.max(axis=1))
        right.append(fitted.classes_[probabilities.argmax(axis=1)] == labels[part])
    return _Answers(np.concatenate(confidence), np.concatenate(right))


def _ece(answers: Sequence[_Answers]) -> float:
    return expected_calibration_error(
        np.concatenate([each.confidence for each in answers]),
        np.concatenate([each.right for each in answers]),
    )
