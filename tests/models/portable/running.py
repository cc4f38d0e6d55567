"""Small ONNX models, run as users run them."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from onnx import helper

from models.portable.decoding import EXTENSIONS_DOMAIN
from models.portable.graph import Graph

Array = npt.NDArray[Any]
Arrays = dict[str, Array]


def run_graph(build: Callable[[Graph, str], str], given: Array) -> Array:
    """What the operations that `build` adds make of one array."""
    graph = Graph()
    result = build(graph, "given")
    taken = helper.make_tensor_value_info(
        "given", helper.np_dtype_to_tensor_dtype(given.dtype), [None] * given.ndim
    )
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "test",
            [taken],
            [helper.make_empty_tensor_value_info(result)],
            graph.constants,
        ),
        opset_imports=[
            helper.make_opsetid("", 20),
            helper.make_opsetid(EXTENSIONS_DOMAIN, 1),
        ],
        ir_version=10,
    )
    (answer,) = open_session(model.SerializeToString(), decodes=_decodes(graph.nodes)).run(
        None, {"given": given}
    )
    return np.asarray(answer)


def run_classifier(model: bytes, name: str, image: npt.NDArray[np.uint8]) -> Arrays:
    """Its answer, by name."""
    session = open_session(model, decodes=name == "file")
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {name: image}), strict=True))


def open_session(model: bytes, *, decodes: bool = False) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4  # what is refused on purpose
    if decodes:
        options.register_custom_ops_library(
            pytest.importorskip("onnxruntime_extensions").get_library_path()
        )
    return onnxruntime.InferenceSession(model, options)


def _decodes(nodes: Iterable[onnx.NodeProto]) -> bool:
    return any(node.op_type == "DecodeImage" for node in nodes)
