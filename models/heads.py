"""Every head by the name under which it is measured."""

from collections.abc import Callable, Mapping

from models.classifiers import Head, LogisticRegressionClassifier, PrototypeClassifier

# official: the low-shot protocol of the MSN paper, as it stands.
HEADS: Mapping[str, Callable[[], Head]] = {
    "official": LogisticRegressionClassifier,
    "prototype": PrototypeClassifier,
}
