"""Labels and the rest of the pool: the same whenever they are read, and no more than is needed."""

import numpy as np
import pytest

from models.classifiers import HeadKind
from models.features import Features
from service.storage.pools import Pool
from service.storage.tail import Tail
from service.usecases.labelled_pool import MAX_UNLABELLED, divide_pool

SCALE = 5_000.0


def pool_of(count: int) -> Pool:
    """Images 100, 101, ... whose features tell their ids."""
    features = np.zeros((count, 3), np.float32)
    features[:, 0], features[:, 1] = np.arange(count), SCALE
    return Pool("e", Tail.empty().with_more(np.arange(100, 100 + count), features))


def ids_of(features: Features) -> list[int]:
    """The ids of the images that have these normalised features."""
    first, second, third = features.T
    return [round(each) + 100 for each in SCALE * (first - third) / (second - third)]


def test_labels_come_in_the_order_of_the_images_with_their_features() -> None:
    found = divide_pool(pool_of(6), {104: "red", 101: "green", 7: "gone"}, "auto", besides=[103])
    assert found.image_ids.tolist() == [101, 104]
    assert found.labels.tolist() == ["green", "red"]
    assert ids_of(found.features) == [101, 104]
    assert found.unlabelled is not None
    assert ids_of(found.unlabelled) == [100, 102, 105]
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
    chosen = ids_of(first)
    assert chosen == ids_of(second)
    assert len(set(chosen)) == len(chosen) == MAX_UNLABELLED // share
    assert min(chosen) >= 100 + len(labels)
    assert np.mean(chosen) == pytest.approx(pool.image_ids.mean(), rel=0.05)


def test_a_pool_with_no_other_images_is_none() -> None:
    assert divide_pool(pool_of(2), {100: "red", 101: "red"}, "auto").unlabelled is None
    assert divide_pool(pool_of(0), {}, "auto").unlabelled is None
