"""The head inside the graph, beside the head that the service answers with."""

import numpy as np
import numpy.typing as npt
import pytest
from onnx import TensorProto, helper

from models.classifiers import HeadKind
from models.features import Features, normalise
from models.fitting import FittedHead, fit_head
from models.portable.graph import Graph
from models.portable.head import head_arrays
from models.portable.head_graph import add_head, add_normalise
from tests.models.portable.running import Arrays, open_session, run_graph

DIMENSION = 24


def blobs(per_class: int, classes: int = 4, spread: float = 1.0) -> tuple[Features, list[str]]:
    """Labelled features around one centre a class, all shifted: (n, d) and n names."""
    random = np.random.default_rng(0)
    centres = random.normal(0, 1, (classes, DIMENSION)) + 2
    noise = random.normal(0, spread, (per_class, classes, DIMENSION))
    features = (centres + noise).reshape(-1, DIMENSION)
    return features.astype(np.float32), [f"class-{i}" for i in range(classes)] * per_class


def run_head(head: FittedHead, features: Features) -> list[Arrays]:
    """What the graph answers for each row."""
    graph = Graph()
    answer = add_head(graph, "features", head_arrays(head))
    results = {name: result for name, result in vars(answer).items() if result is not None}
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "head",
            [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, DIMENSION])],
            [helper.make_empty_tensor_value_info(result) for result in results.values()],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", 20)],
        ir_version=10,
    )
    session = open_session(model.SerializeToString())
    answers = (session.run(None, {"features": row[None]}) for row in features)
    return [dict(zip(results, answer, strict=True)) for answer in answers]


def assert_same(head: FittedHead, features: Features) -> None:
    found = run_head(head, features)
    probabilities = head.predict_proba(features)
    for answer, row in zip(found, probabilities, strict=True):
        np.testing.assert_allclose(answer["probabilities"], row, atol=1e-5)
    scores = [answer["unknown_score"] for answer in found]
    np.testing.assert_allclose(scores, head.unknown_score(features), atol=1e-4)
    assert [bool(answer["unknown"]) for answer in found] == head.is_unknown(features).tolist()


@pytest.mark.parametrize("kind", ["labels", "logistic", "prototype"])
@pytest.mark.parametrize("per_class", [1, 2, 10])
def test_it_answers_as_the_head_does(kind: HeadKind, per_class: int) -> None:
    head = fit_head(*blobs(per_class), kind)
    assert_same(head, np.random.default_rng(1).normal(2, 2, (20, DIMENSION)).astype(np.float32))


def test_a_head_that_has_seen_a_pool_answers_alike() -> None:
    features, names = blobs(3)
    pool = blobs(40)[0]
    head = fit_head(features, names, pool=pool)
    assert head.kind == "pool"
    assert_same(head, pool[:20])


def test_one_class_is_certain() -> None:
    features, names = blobs(3, classes=1)
    head = fit_head(features, names)
    assert_same(head, features)
    assert run_head(head, features)[0]["probabilities"] == [1.0]


def test_strangers_are_unknown() -> None:
    features, names = blobs(10, spread=0.1)
    head = fit_head(features, names)
    strangers = np.random.default_rng(2).normal(0, 1, (10, DIMENSION)).astype(np.float32)
    assert all(answer["unknown"] for answer in run_head(head, strangers))
    assert_same(head, strangers)


def test_prediction_sets_are_there_where_the_labels_allow_them() -> None:
    features, names = blobs(10, spread=2.5)
    head = fit_head(features, names)
    chosen = head.prediction_sets(head.predict_proba(features))
    assert chosen is not None
    assert 1 < chosen.sum(axis=1).mean() < 4
    found = [answer["prediction_set"] for answer in run_head(head, features)]
    np.testing.assert_array_equal(found, chosen)
    assert "prediction_set" not in run_head(fit_head(*blobs(1)), features)[0]


@pytest.mark.parametrize(
    "row", [[0.0] * 4, [3.0] * 4, [1e30, 2e30, -1e30, 0], [1e-30, 2e-30, 0, 0], [1, 2, 3, 4.5]]
)
def test_features_are_normalised_alike(row: npt.ArrayLike) -> None:
    features = np.array([row], dtype=np.float32)
    np.testing.assert_allclose(
        run_graph(add_normalise, features), normalise(features), rtol=0, atol=1e-6
    )
