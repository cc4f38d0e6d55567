"""The heads over frozen encoder features: logistic regression and class centroids."""

from collections.abc import Mapping
from typing import Literal, Self, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from models.features import Features, class_sums, normalise
from models.heads.pool_graph import PoolLike
from models.heads.softmax_regression import solve

Labels: TypeAlias = npt.NDArray[np.str_]
Codes: TypeAlias = npt.NDArray[np.intp]
Arrays: TypeAlias = dict[str, npt.NDArray[np.generic]]
HeadKind: TypeAlias = Literal["auto", "labels", "logistic", "prototype"]

# The low-shot protocol's 1 / lambda: for up to five labels a class, and for more.
STRENGTH_FEW_LABELS = 400.0
STRENGTH_MANY_LABELS = 1 / 0.075
FEW_LABELS = 5


class Head(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier over frozen features, in scikit-learn's estimator API.

    X is always (n, d) raw encoder features; normalisation happens inside. Probabilities are
    the softmax of `logits(X) / temperature`, the columns in the order of `classes_` (sorted).
    """

    temperature: float

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike, pool: PoolLike | None = None) -> Self:
        """Learn from labelled features (n, d) and their classes (n,).

        pool: (p, d) raw features of unlabelled images, for the heads that learn from them too.
        Raises ValueError for no labels, NaN features, or lengths that differ.
        """
        return self.fit_normalised(normalise(X), y, pool)

    def fit_normalised(
        self, features: Features, y: npt.ArrayLike, pool: PoolLike | None = None
    ) -> Self:
        """`fit` on what `normalise` made of X: many fits of the same features share it."""
        labels = _checked_labels(y)
        if len(features) != len(labels):
            raise ValueError(f"{len(features)} feature vectors came with {len(labels)} labels")
        self.classes_, codes = np.unique(labels, return_inverse=True)
        self.n_features_in_ = features.shape[1]
        self._learn(features, codes, pool)
        return self

    def _learn(self, features: Features, codes: Codes, pool: PoolLike | None) -> None:
        """From normalised features (n, d), class indices (n,) and the pool."""
        raise NotImplementedError

    def _score(self, features: Features) -> npt.NDArray[np.floating]:
        """Logits (n, classes) of normalised features (n, d)."""
        raise NotImplementedError

    def logits(self, X: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """(n, classes), before the temperature."""
        return self.logits_of_normalised(self._checked(X))

    def logits_of_normalised(self, features: Features) -> npt.NDArray[np.float32]:
        """`logits` of what `normalise` made of X."""
        return np.asarray(self._score(features), dtype=np.float32)

    def predict_proba(self, X: npt.ArrayLike) -> npt.NDArray[np.float64]:
        return np.asarray(softmax(self.logits(X).astype(np.float64) / self.temperature, axis=1))

    def predict(self, X: npt.ArrayLike) -> Labels:
        return np.asarray(self.classes_[self.logits(X).argmax(axis=1)])

    def to_arrays(self) -> Arrays:
        """All that prediction needs, as arrays that numpy stores without pickle."""
        return {
            "classes": np.asarray(self.classes_),
            "temperature": np.array(self.temperature, dtype=np.float64),
        }

    def settled(self) -> Self:
        """An unfitted copy that takes what a fit has settled, instead of settling it anew."""
        unfitted: Self = clone(self)
        return unfitted

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> Self:
        """The inverse of `to_arrays`."""
        head = cls(temperature=float(arrays["temperature"]))
        head.classes_ = np.asarray(arrays["classes"])
        return head

    def _checked(self, X: npt.ArrayLike) -> Features:
        features = normalise(X)
        if features.shape[1] != self.n_features_in_:
            raise ValueError(
                f"the classifier was fitted on {self.n_features_in_} feature components and got "
                f"{features.shape[1]}: these features come from another encoder"
            )
        return features


class LinearHead(Head):
    """One weight vector a class over normalised features; learns from the labels alone."""

    def _learn(
        self,
        features: Features,
        codes: Codes,
        pool: PoolLike | None,  # noqa: ARG002
    ) -> None:
        self.weights_ = self._weights(features, codes).astype(np.float32)

    def _weights(self, features: Features, codes: Codes) -> npt.NDArray[np.floating]:
        """(classes, d), from normalised features (n, d) and class indices (n,)."""
        raise NotImplementedError

    def _score(self, features: Features) -> npt.NDArray[np.floating]:
        return np.asarray(features @ self.weights_.T)

    def to_arrays(self) -> Arrays:
        return super().to_arrays() | {"weights": self.weights_}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> Self:
        head = super().from_arrays(arrays)
        head.weights_ = np.asarray(arrays["weights"], dtype=np.float32)
        head.n_features_in_ = head.weights_.shape[1]
        return head


class LogisticRegressionClassifier(LinearHead):
    """The low-shot protocol of the MSN paper: L2, multinomial, without intercept.

    C: as in scikit-learn; None takes the paper's value for the number of labels a class
    (1 / 0.0025 for up to five, 1 / 0.075 for more). Two classes are a softmax as well, where
    scikit-learn fits one sigmoid: its answer at C equals this one at C / 2.
    """

    def __init__(self, C: float | None = None, temperature: float = 1.0) -> None:
        self.C = C
        self.temperature = temperature

    def _weights(self, features: Features, codes: Codes) -> npt.NDArray[np.floating]:
        class_count = int(codes.max()) + 1
        strength = self.C or protocol_strength(len(codes), class_count)
        return solve(features.astype(np.float64), codes, class_count, strength)


class PrototypeClassifier(LinearHead):
    """Cosine to each class's centroid, the mean of its normalised features."""

    def __init__(self, temperature: float = 0.08) -> None:
        self.temperature = temperature

    def _weights(self, features: Features, codes: Codes) -> npt.NDArray[np.floating]:
        sums = class_sums(features, codes)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        # Opposite examples can cancel out: such a class points nowhere.
        return np.asarray(sums / np.where(lengths > 0, lengths, 1))


def protocol_strength(label_count: int, class_count: int) -> float:
    """The C of the low-shot protocol for so many labels."""
    few = label_count <= FEW_LABELS * class_count
    return STRENGTH_FEW_LABELS if few else STRENGTH_MANY_LABELS


def _checked_labels(y: npt.ArrayLike) -> Labels:
    labels = np.asarray(y)
    if labels.ndim != 1:
        raise ValueError(f"labels must be one row of classes, not of the shape {labels.shape}")
    if labels.dtype == object:  # would be stored as a pickle
        labels = labels.astype(np.str_)
    if not len(labels):
        raise ValueError("there is no labelled example to learn from: label at least one image")
    return labels
