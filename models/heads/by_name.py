"""Every head by its name: those that are measured, and those that a project can choose."""

from collections.abc import Callable, Mapping

import numpy as np

from models.classifiers import Head, HeadKind, LogisticRegressionClassifier, PrototypeClassifier
from models.heads.labels_head import LabelsClassifier
from models.heads.logistic_head import LogisticClassifier
from models.heads.pool_graph import PoolGraph, PoolLike
from models.heads.pool_head import PoolClassifier

# official: the low-shot protocol of the MSN paper, as it stands. The others are what the service
# fits.
HEADS: Mapping[str, Callable[[], Head]] = {
    "official": LogisticRegressionClassifier,
    "prototype": PrototypeClassifier,
    "logistic": LogisticClassifier,
    "labels": LabelsClassifier,
    "pool": PoolClassifier,
}


def prepare_pool(kind: HeadKind, pool: PoolLike | None) -> PoolGraph | None:
    """What a head of this kind learns from a pool (p, d), made once for many fits.

    None for kinds that learn from the labels alone, and for an empty pool.
    """
    if kind != "auto" or pool is None:
        return None
    empty = not isinstance(pool, PoolGraph) and not len(np.asarray(pool))
    return None if empty else PoolGraph.of(pool)


def build_classifier(kind: HeadKind, pool: PoolGraph | None) -> Head:
    """The unfitted head of this kind; `auto` is `pool` where there is one, else `labels`.

    Raises ValueError for a kind unknown.
    """
    automatic = "labels" if pool is None else "pool"
    name = automatic if kind == "auto" else kind
    if name == "official" or name not in HEADS:
        raise ValueError(
            f"unknown kind of classifier {kind!r}: use auto, labels, logistic or prototype"
        )
    return HEADS[name]()
