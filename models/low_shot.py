"""Low-shot evaluation: n labelled images a class, tested on all others, over many draws."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from models.classifiers import LinearHead, LogisticRegressionClassifier, PrototypeClassifier
from models.features import Features

HeadFactory = Callable[[], LinearHead]

HEADS: Mapping[str, HeadFactory] = {
    "logistic": LogisticRegressionClassifier,
    "prototype": PrototypeClassifier,
}


@dataclass(frozen=True)
class LowShotResult:
    """Top-1 accuracies, in [0, 1], of one head at one number of labels a class."""

    head: str
    shots: int
    draws: tuple[float, ...]

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
    shots: Sequence[int] = (1, 2, 5, 10),
    seeds: int = 10,
    heads: Mapping[str, HeadFactory] = HEADS,
) -> list[LowShotResult]:
    """Mean top-1 of each head at each number of labels a class.

    features: (n, d) raw encoder features; labels: (n,) classes. All heads see the same draws,
    which depend on the labels, the number of shots and the seed alone, so that encoders can
    be compared draw by draw. Raises ValueError where a class has no image left to test with.
    """
    encoded, classes = np.asarray(features), np.asarray(labels)
    results = []
    for count in shots:
        draws = [draw(classes, count, seed) for seed in range(seeds)]
        for name, head in heads.items():
            accuracies = [_accuracy(head(), encoded, classes, labelled) for labelled in draws]
            results.append(LowShotResult(name, count, tuple(accuracies)))
    return results


def draw(labels: npt.NDArray[np.generic], shots: int, seed: int) -> npt.NDArray[np.bool_]:
    """(n,) mask with `shots` random images of each class."""
    rng = np.random.default_rng([seed, shots])
    labelled = np.zeros(len(labels), dtype=bool)
    for name in np.unique(labels):
        members = np.flatnonzero(labels == name)
        if len(members) <= shots:
            raise ValueError(
                f"class {str(name)!r} has {len(members)} images: {shots} labels a class leave "
                f"none to test with; ask for fewer or add images"
            )
        labelled[rng.choice(members, shots, replace=False)] = True
    return labelled


def _accuracy(
    head: LinearHead,
    features: npt.NDArray[np.generic],
    labels: npt.NDArray[np.generic],
    labelled: npt.NDArray[np.bool_],
) -> float:
    head.fit(features[labelled], labels[labelled])
    return float(np.mean(head.predict(features[~labelled]) == labels[~labelled]))


def raw_pixel_features(images: Sequence[Image.Image], side: int = 32) -> Features:
    """The baseline without an encoder: (n, 3 x side x side) small RGB pixels in [0, 1]."""
    features = np.empty((len(images), 3 * side * side), dtype=np.float32)
    for row, image in zip(features, images, strict=True):
        small = image.convert("RGB").resize((side, side), Image.Resampling.BILINEAR)
        row[:] = np.asarray(small, dtype=np.float32).ravel() / 255
    return features
