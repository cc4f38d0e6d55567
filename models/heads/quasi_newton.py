"""The way to a minimum, from a guess at the curvature and what the last steps told of it."""

from collections import deque
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Values: TypeAlias = npt.NDArray[np.floating]

MEMORY = 10


class InverseHessian:
    """L-BFGS: Liu and Nocedal, "On the limited memory BFGS method" (1989).

    precondition: the product of a symmetric guess at the inverse Hessian with an array; the
    better it is, the fewer steps are needed. All arrays have the shape of what is minimised.
    """

    def __init__(self, precondition: Callable[[Values], Values]) -> None:
        self._precondition = precondition
        self._scale = 1.0
        self._steps: deque[tuple[Values, Values, float]] = deque(maxlen=MEMORY)

    def learn(self, step: Values, change: Values) -> None:
        """change: of the gradient along the step."""
        bend = float(np.vdot(step, change))
        if bend <= 0:  # rounding alone: a convex function bends upward
            return
        self._steps.append((step, change, bend))
        self._scale = bend / float(np.vdot(change, self._precondition(change)))

    def times(self, gradient: Values) -> Values:
        """Its product with an array, by the two loops of the paper."""
        found, shares = gradient.copy(), []
        for step, change, bend in reversed(self._steps):
            shares.append(float(np.vdot(step, found)) / bend)
            found -= shares[-1] * change
        found = self._scale * self._precondition(found)
        for (step, change, bend), share in zip(self._steps, reversed(shares), strict=True):
            found += (share - float(np.vdot(change, found)) / bend) * step
        return found
