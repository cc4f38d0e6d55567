"""The head inside an ONNX graph: features to probabilities and to what is unknown."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from onnx import TensorProto

from models.classifiers import Arrays
from models.confidence.novelty import BANNED, SOFTNESS, USUAL_THRESHOLD
from models.features import ROUNDING
from models.portable.graph import Graph, number, whole


@dataclass(frozen=True)
class Answer:
    """Names of results: (classes,) probabilities and which classes the prediction set holds
    (None where the labels are too few for sets); without axes how strange, and whether unknown.
    """

    probabilities: str
    prediction_set: str | None
    unknown_score: str
    unknown: str


def add_head(graph: Graph, features: str, arrays: Arrays) -> Answer:
    """features: raw (1, d) float32; arrays: what `models.portable.head.head_arrays` gives."""
    normalised = add_normalise(graph, features)
    probabilities = _probabilities(graph, normalised, arrays)
    strangeness = _strangeness(graph, normalised, arrays)
    return Answer(
        probabilities,
        _prediction_set(graph, probabilities, arrays),
        *_unknown(graph, strangeness, arrays),
    )


def add_normalise(graph: Graph, features: str) -> str:
    """float32 (n, d), raw -> rows around 0 of length 1 or 0, as models.features has it."""
    scaled = _divided(graph, features, graph.add("ReduceMax", graph.add("Abs", features), whole(1)))
    mean = graph.add("ReduceMean", graph.add("Cast", scaled, to=TensorProto.DOUBLE), whole(1))
    centred = graph.add("Sub", scaled, graph.add("Cast", mean, to=TensorProto.FLOAT))
    lengths = graph.add("ReduceL2", centred, whole(1))
    size = graph.add("Cast", graph.add("Shape", features, start=1), to=TensorProto.FLOAT)
    directed = graph.add(
        "Greater", lengths, graph.add("Mul", number(ROUNDING), graph.add("Sqrt", size))
    )
    return graph.add("Where", directed, _divided(graph, centred, lengths), number(0))


def _probabilities(graph: Graph, normalised: str, arrays: Arrays) -> str:
    seen = _unit_from(graph, normalised, arrays["centre"])
    weights = np.swapaxes(number(arrays["weights"]), 1, 2)  # (k, d, classes)
    offsets, shares = number(arrays["offsets"]), number(arrays["shares"])
    logits = graph.add("Add", graph.add("MatMul", seen, weights), offsets[:, None])
    # Their mean by logarithms, because a small share of a small probability is no float32.
    shared = graph.add(
        "Add", graph.add("LogSoftmax", logits, axis=-1), np.log(shares)[:, None, None]
    )
    mixed = graph.add("ReduceLogSumExp", shared, whole(0, 1), keepdims=0)  # (classes,)
    tempered = graph.add("Div", mixed, number(arrays["temperature"]))
    return graph.add("Softmax", tempered, axis=-1)


def _strangeness(graph: Graph, normalised: str, arrays: Arrays) -> str:
    away = graph.add("Sub", normalised, number(arrays["novelty_centre"]))
    seen = away
    if len(nuisance := number(arrays["novelty_nuisance"])):
        along = graph.add("MatMul", graph.add("MatMul", away, nuisance.T), nuisance)
        seen = graph.add("Sub", away, along)
    from_each = graph.add("Sub", seen, number(arrays["novelty_centroids"]))  # (classes, d)
    squared = graph.add("ReduceSumSquare", from_each, whole(1), keepdims=0)
    nearest = graph.add("ReduceMin", squared, whole(0), keepdims=0)
    return graph.add(
        "Add",
        graph.add("Div", nearest, number(arrays["novelty_spread"])),
        _beyond_reach(graph, seen, arrays),
    )


def _beyond_reach(graph: Graph, seen: str, arrays: Arrays) -> str:
    direction = _divided(graph, seen, graph.add("ReduceL2", seen, whole(1)))
    cosines = graph.add("MatMul", direction, number(arrays["novelty_landmarks"]).T)
    same = graph.add("Greater", cosines, number(arrays["novelty_same"]))
    others = graph.add("Where", same, graph.add("Sub", cosines, number(BANNED)), cosines)
    sharp = graph.add("Mul", others, number(arrays["novelty_sharpness"]))
    near = graph.add("Softmax", sharp, axis=-1)
    mixed = graph.add("MatMul", near, number(arrays["novelty_offsets"])[:, None])
    return graph.add("Reshape", mixed, np.array([], dtype=np.int64))


def _unknown(graph: Graph, strangeness: str, arrays: Arrays) -> tuple[str, str]:
    """How strange, in [0, 1], and whether that is unknown: nothing is, without a threshold."""
    threshold = number(arrays["novelty_threshold"])
    middle = threshold if np.isfinite(threshold) else number(USUAL_THRESHOLD)
    beyond = graph.add("Sub", strangeness, middle)
    score = graph.add("Sigmoid", graph.add("Div", beyond, number(SOFTNESS)))
    return score, graph.add("Greater", strangeness, threshold)


def _prediction_set(graph: Graph, probabilities: str, arrays: Arrays) -> str | None:
    if not arrays["sets"].size:
        return None
    likely = graph.add("GreaterOrEqual", probabilities, number(arrays["sets"][0]))
    likeliest = graph.add("ReduceMax", probabilities, whole(0))
    return graph.add("Or", likely, graph.add("Equal", probabilities, likeliest))


def _unit_from(graph: Graph, normalised: str, centre: npt.ArrayLike) -> str:
    """Which way from the centre (d,) each vector (n, d) lies."""
    away = graph.add("Sub", normalised, number(centre))
    return _divided(graph, away, graph.add("ReduceL2", away, whole(1)))


def _divided(graph: Graph, vectors: str, lengths: str) -> str:
    """Rows (n, d) divided by (n, 1), those of length 0 left alone."""
    divisor = graph.add("Where", graph.add("Greater", lengths, number(0)), lengths, number(1))
    return graph.add("Div", vectors, divisor)
