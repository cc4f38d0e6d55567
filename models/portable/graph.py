"""ONNX graphs as they are thought: operation after operation, each with a name to go on from."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

# What an operation takes: the name of another's result, or a constant.
Value: TypeAlias = str | npt.NDArray[np.generic] | np.generic

# Names inside the encoder's graph never start so.
_PREFIX = "handful."


class Graph:
    """Nodes and constants in the order in which they are added.

    numbers: makes names unique; a branch takes those of the graph around it.
    """

    def __init__(self, numbers: Iterator[int] | None = None) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._numbers = numbers or count()

    def add(
        self,
        operation: str,
        *inputs: Value,
        name: str | None = None,
        domain: str = "",
        **attributes: Any,
    ) -> str:
        """Append an operation of one result and return the result's name.

        name: what ONNX Runtime calls the operation in its error messages.
        """
        result = self._new_name(operation)
        names = [value if isinstance(value, str) else self._constant(value) for value in inputs]
        node = helper.make_node(
            operation, names, [result], name=name or result, domain=domain, **attributes
        )
        self.nodes.append(node)
        return result

    def include(self, other: onnx.GraphProto, value: str) -> str:
        """Append a graph of one input, which is given `value`, and return its output's name."""
        self.rename(value, other.input[0].name)
        self.nodes.extend(other.node)
        self.constants.extend(other.initializer)
        return str(other.output[0].name)

    def rename(self, result: str, name: str) -> None:
        """Give a result the name under which others know it."""
        self.nodes.append(helper.make_node("Identity", [result], [name], name=f"{_PREFIX}{name}"))

    def choose(
        self,
        condition: str,
        then: Callable[["Graph"], str],
        otherwise: Callable[["Graph"], str],
    ) -> str:
        """The result of one of two branches, of which only that one runs."""
        return self.add(
            "If", condition, then_branch=self._branch(then), else_branch=self._branch(otherwise)
        )

    def _branch(self, build: Callable[["Graph"], str]) -> onnx.GraphProto:
        inside = Graph(self._numbers)
        result = helper.make_empty_tensor_value_info(build(inside))
        return helper.make_graph(
            inside.nodes, self._new_name("branch"), [], [result], inside.constants
        )

    def _constant(self, array: npt.NDArray[np.generic] | np.generic) -> str:
        name = self._new_name("constant")
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def _new_name(self, what: str) -> str:
        return f"{_PREFIX}{what}_{next(self._numbers)}"


def whole(*numbers: int) -> npt.NDArray[np.int64]:
    """Sizes, axes and places, as ONNX wants them: (n,) int64."""
    return np.array(numbers, dtype=np.int64)


def number(value: npt.ArrayLike) -> npt.NDArray[np.float32]:
    return np.asarray(value, dtype=np.float32)
