"""Labels and the rest of the pool: the same whenever they are read, and no more than is needed."""

import numpy as np
import pytest

from models.classifiers import HeadKind
from models.feature_rows import FeatureRows
from service.storage.pools import Pool
from service.usecases.labelled_pool import MAX_UNLABELLED, divide_pool


def pool_of(count: int) -> Pool:
    """Images 100, 101, ... whose only feature is their id."""
    image_ids = np.arange(100, 100 + count)
    return Pool("e", image_ids, FeatureRows(image_ids[:, None].astype(np.float32)), 0)


def test_labels_come_in_the_order_of_the_images_with_their_features() -> None:
    found = divide_pool(pool_of(6), {104: "red", 101: "green", 7: "gone"}, "auto", besides=[103])
    assert found.image_ids.tolist() == [101, 104]
    assert found.labels.tolist() == ["green", "red"]
    assert found.features.ravel().tolist() == [101, 104]
    assert found.unlabelled is not None
    assert found.unlabelled.ravel().tolist() == [100, 102, 105]
    assert found.unlabelled_count == 3


@pytest.mark.parametrize("kind", ["labels", "logistic", "prototype"])
def test_kinds_that_learn_from_labels_alone_get_nothing_else(kind: HeadKind) -> None:
    found = divide_pool(pool_of(6), {104: "red"}, kind)
    assert (found.unlabelled, found.unlabelled_count) == (None, 0)


@pytest.mark.parametrize(("labels_a_class", "share"), [(1, 1), (2, 2), (5, 5), (9, 5)])
def test_of_a_large_pool_a_random_part_is_taken_the_smaller_the_more_labels_there_are(
    labels_a_class: int, share: int
) -> None:
    pool = pool_of(MAX_UNLABELLED + 100)
    labels = {100 + each: f"class-{each % 2}" for each in range(2 * labels_a_class)}
    first, second = (divide_pool(pool, labels, "auto").unlabelled for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.ravel().tolist() == second.ravel().tolist()
    assert len(set(first.ravel())) == len(first) == MAX_UNLABELLED // share
    assert first.min() >= 100 + len(labels)
    assert first.mean() == pytest.approx(pool.image_ids.mean(), rel=0.05)


def test_a_pool_with_no_other_images_is_none() -> None:
    assert divide_pool(pool_of(2), {100: "red", 101: "red"}, "auto").unlabelled is None
    assert divide_pool(pool_of(0), {}, "auto").unlabelled is None
