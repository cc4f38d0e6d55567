from typing import cast

import pytest

from models.classifiers import HeadKind
from models.heads.by_name import HEADS, build_classifier, prepare_pool
from models.heads.labels_head import LabelsClassifier
from models.heads.pool_graph import PoolGraph
from models.heads.pool_head import PoolClassifier
from tests.models.clusters import clusters


def test_the_automatic_head_learns_from_the_pool() -> None:
    graph = PoolGraph.of(clusters([20]).X)

    assert isinstance(build_classifier("auto", graph), PoolClassifier)
    assert isinstance(build_classifier("labels", graph), LabelsClassifier)
    assert isinstance(build_classifier("auto", None), LabelsClassifier)


@pytest.mark.parametrize("kind", ["forest", "official"])
def test_an_unknown_kind_is_refused(kind: str) -> None:
    with pytest.raises(ValueError, match="auto, labels, logistic or prototype"):
        build_classifier(cast("HeadKind", kind), None)


def test_a_pool_is_prepared_for_heads_that_learn_from_it() -> None:
    pool = clusters([20]).X

    assert isinstance(prepare_pool("auto", pool), PoolGraph)
    assert prepare_pool("labels", pool) is None
    assert prepare_pool("auto", pool[:0]) is None
    assert prepare_pool("auto", None) is None


@pytest.mark.parametrize("name", HEADS)
def test_every_head_tells_clusters_apart(name: str) -> None:
    tests = clusters([20, 20, 20], seed=2)

    head = HEADS[name]().fit(*clusters([3, 3, 3], seed=1), clusters([40] * 3, seed=3).X)

    assert (head.predict(tests.X) == tests.y).mean() > 0.95
