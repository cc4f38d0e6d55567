"""What heads are fitted on: labelled features, and those of unlabelled images beside them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.classifiers import HeadKind
from models.features import Features
from service.storage.pools import Pool

# A random part of a large pool stands for all of it: a refit stays within a second. What a head
# does is measured by fitting it up to five times more, as often as a class has labels; and the more
# labels there are, the less is left for the pool to tell. What is spread over it grows with the
# classes.
MAX_UNLABELLED = 8_000
MAX_FITS = 5
MANY_CLASSES = 100


@dataclass(frozen=True)
class LabelledPool:
    """One encoder's view of some labels, and of the unlabelled images that it has embedded.

    image_ids (n,), ascending; features (n, dimension); labels (n,); unlabelled (p, dimension),
    a part of `unlabelled_count` images, or None where the kind of head has no use for them.
    """

    image_ids: NDArray[np.int64]
    features: Features
    labels: NDArray[np.str_]
    unlabelled: Features | None
    unlabelled_count: int


def divide_pool(
    pool: Pool, labels: Mapping[int, str], kind: HeadKind, besides: Iterable[int] = ()
) -> LabelledPool:
    """Those of the labels (class by image) whose image is embedded, and the rest of the pool.

    besides: more images that are not to count as unlabelled. The order is by image, so that the
    same labels make the same head whenever they are read.
    """
    rows = pool.rows_of(sorted(labels))
    image_ids = pool.image_ids[rows]
    classes = np.array([labels[image_id] for image_id in image_ids.tolist()], dtype=np.str_)
    unlabelled = np.empty(0, np.int64)
    if kind == "auto":  # the other kinds learn from the labels alone
        unlabelled = _others(pool, [*labels, *besides])
    part = _part(unlabelled, classes)
    features = pool.features[part] if len(part) else None
    return LabelledPool(image_ids, pool.features[rows], classes, features, len(unlabelled))


def _others(pool: Pool, image_ids: list[int]) -> NDArray[np.int64]:
    """Rows of all images but these."""
    others = np.ones(len(pool), dtype=bool)
    others[pool.rows_of(image_ids)] = False
    return np.flatnonzero(others)


def _part(rows: NDArray[np.int64], labels: NDArray[np.str_]) -> NDArray[np.int64]:
    classes = max(len(np.unique(labels)), 1)
    fits = min(max(len(labels) // classes, 1), MAX_FITS)
    limit = MAX_UNLABELLED * MANY_CLASSES // (fits * max(classes, MANY_CLASSES))
    if len(rows) <= limit:
        return rows
    return np.sort(np.random.default_rng(0).choice(rows, limit, replace=False))
