"""Heads whose answer is a weighted mean of several linear classifiers in one centred space."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from models.classifiers import Arrays, Head
from models.features import Features, unit

Matrix: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """One linear classifier: weights (classes, d), offsets (classes,), and its share of the say."""

    weights: Matrix
    offsets: Matrix
    share: float

    def logits(self, directions: npt.NDArray[np.floating]) -> Matrix:
        """(n, classes) of directions (n, d)."""
        return np.asarray(directions @ self.weights.T + self.offsets)

    def scaled(self, spread: float) -> "Part":
        """The same classifier with logits divided by `spread`."""
        divisor = spread if spread > 0 else 1.0
        return Part(self.weights / divisor, self.offsets / divisor, self.share)


def mean_answer(parts: Sequence[Part], directions: npt.NDArray[np.floating]) -> Matrix:
    """Probabilities (n, classes) of directions (n, d): the parts' own, weighted by their shares."""
    answers = (part.share * softmax(part.logits(directions), axis=1) for part in parts)
    mixed = sum(answers, start=np.float64(0)) / sum(part.share for part in parts)
    return np.asarray(np.maximum(mixed, np.finfo(np.float32).tiny))


class MixtureHead(Head):
    """Probabilities are the mean of its parts'; logits are their logarithms."""

    centre_: Features
    parts_: list[Part]

    def _keep(self, centre: Features, parts: list[Part]) -> None:
        self.centre_ = centre.astype(np.float32)
        self.parts_ = [part for part in parts if part.share > 0]

    def _score(self, features: Features) -> npt.NDArray[np.floating]:
        return np.asarray(np.log(mean_answer(self.parts_, unit(features - self.centre_))))

    def to_arrays(self) -> Arrays:
        return super().to_arrays() | {
            "mixture_centre": self.centre_,
            "mixture_weights": np.stack([part.weights for part in self.parts_]),
            "mixture_offsets": np.stack([part.offsets for part in self.parts_]),
            "mixture_shares": np.array([part.share for part in self.parts_]),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> Self:
        head = super().from_arrays(arrays)
        head.centre_ = np.asarray(arrays["mixture_centre"], dtype=np.float32)
        head.n_features_in_ = len(head.centre_)
        stored = (arrays[f"mixture_{name}"] for name in ("weights", "offsets", "shares"))
        head.parts_ = [Part(w, b, float(share)) for w, b, share in zip(*stored, strict=True)]
        return head
