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
        # Each step, the change of the gradient along it, this change preconditioned, and the bend.
        self._steps: deque[tuple[Values, Values, Values, float]] = deque(maxlen=MEMORY)
        self._last: tuple[Values, Values] | None = None

    def times(self, gradient: Values, step: Values | None = None) -> Values:
        """Its product with the gradient, by the two loops of the paper.

        step: the way from where the gradient was asked about before.
        """
        # The guess is linear: preconditioned gradients give all that is preconditioned.
        found, conditioned = gradient.copy(), self._precondition(gradient)
        if step is not None and self._last is not None:
            self._learn(step, gradient - self._last[0], conditioned - self._last[1])
        self._last = gradient, conditioned
        result, shares = conditioned.copy(), []
        for taken, change, changed, bend in reversed(self._steps):
            shares.append(float(np.vdot(taken, found)) / bend)
            found -= shares[-1] * change
            result -= shares[-1] * changed
        result *= self._scale
        for (taken, change, _, bend), share in zip(self._steps, reversed(shares), strict=True):
            result += (share - float(np.vdot(change, result)) / bend) * taken
        return result

    def guess_anew(self, precondition: Callable[[Values], Values]) -> None:
        """Take another guess, and keep what the last steps told."""
        self._precondition = precondition
        steps, self._steps = self._steps, deque(maxlen=MEMORY)
        for step, change, _, _ in steps:
            self._learn(step, change, precondition(change))
        if self._last is not None:
            self._last = self._last[0], precondition(self._last[0])

    def _learn(self, step: Values, change: Values, conditioned: Values) -> None:
        bend = float(np.vdot(step, change))
        if bend <= 0:  # rounding alone: a convex function bends upward
            return
        self._steps.append((step, change, conditioned, bend))
        self._scale = bend / float(np.vdot(change, conditioned))
