"""The evaluation transform inside an ONNX graph: what models.transforms does with Pillow.

ONNX Runtime's antialiased Resize of bytes follows Pillow's, rounding included. What it has not is
Pillow's reducing gap.
"""

import numpy as np
from onnx import TensorProto

from models.portable.graph import Graph, whole
from models.transforms import LONGEST_ASPECT, EvaluationTransform

_MODES = {"bilinear": "linear", "bicubic": "cubic"}


def add_evaluation(graph: Graph, pixels: str, transform: EvaluationTransform) -> str:
    """uint8 (H, W, 3) of any size -> float32 (1, 3, crop, crop), as the encoder takes it."""
    size = graph.add("Slice", graph.add("Shape", pixels), whole(0), whole(2))
    shorter = graph.add("ReduceMin", size)  # (1,)
    margins = _far_ends(graph, size, shorter)
    inner = graph.add("Slice", pixels, margins, graph.add("Sub", size, margins), whole(0, 1))
    inner_size = graph.add("Sub", size, graph.add("Add", margins, margins))
    resized_size = graph.add("Div", graph.add("Mul", inner_size, whole(transform.resize)), shorter)
    resized = _resized(graph, inner, resized_size, transform)
    return _standardised(graph, _centre(graph, resized, resized_size, transform.crop), transform)


def _far_ends(graph: Graph, size: str, shorter: str) -> str:
    """How much of each end of a long strip the centre crop cannot reach: (2,)."""
    longest = graph.add("Mul", shorter, whole(LONGEST_ASPECT))
    beyond = graph.add("Max", graph.add("Sub", size, longest), whole(0))
    return graph.add("Div", beyond, whole(2))


def _resized(graph: Graph, pixels: str, size: str, transform: EvaluationTransform) -> str:
    planes = graph.add(
        "Unsqueeze", graph.add("Transpose", pixels, perm=[2, 0, 1]), whole(0)
    )  # (1, 3, H, W)
    return graph.add(
        "Resize",
        planes,
        "",
        "",
        graph.add("Concat", whole(1, 3), size, axis=0),
        mode=_MODES[transform.interpolation],
        antialias=1,
        exclude_outside=1,
        cubic_coeff_a=-0.5,
    )


def _centre(graph: Graph, planes: str, size: str, crop: int) -> str:
    beyond = graph.add("Cast", graph.add("Sub", size, whole(crop)), to=TensorProto.FLOAT)
    # To even, as Python rounds.
    half = graph.add("Round", graph.add("Div", beyond, np.float32(2)))
    start = graph.add("Cast", half, to=TensorProto.INT64)
    end = graph.add("Add", start, whole(crop))
    return graph.add("Slice", planes, start, end, whole(2, 3))


def _standardised(graph: Graph, planes: str, transform: EvaluationTransform) -> str:
    mean = 255 * np.asarray(transform.mean, dtype=np.float32)
    scale = 1 / (255 * np.asarray(transform.std, dtype=np.float32))
    levels = graph.add("Cast", planes, to=TensorProto.FLOAT)
    centred = graph.add("Sub", levels, mean[:, None, None])
    return graph.add("Mul", centred, scale[:, None, None])
