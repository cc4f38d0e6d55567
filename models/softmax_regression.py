"""L2-regularised multinomial logistic regression without intercept, solved by L-BFGS."""

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from threadpoolctl import ThreadpoolController

Matrix: TypeAlias = npt.NDArray[np.float64]
Codes: TypeAlias = npt.NDArray[np.intp]

MAX_ITERATIONS = 2000
# Times the decay, as the objective is strongly convex with it: the distance to the optimum is
# at most the gradient over the decay. Probabilities come within 1e-3.
GRADIENT_TOLERANCE = 3e-3
# Below this many multiplications a product is over before a second thread has woken up.
THREADING_PAYS = 50_000_000


def solve(features: Matrix, codes: Codes, class_count: int, strength: float) -> Matrix:
    """Minimise C x (sum of the cross-entropies) + 1/2 ||W||^2 over W.

    features: (n, d) float64; codes: (n,) class indices below class_count; strength: C, as in
    scikit-learn. Returns W (class_count, d).
    """
    with _threads_for(features.size * class_count):
        if len(features) >= features.shape[1]:
            return _minimise(features, codes, class_count, strength)
        # The optimum lies in the span of the samples: solve in n instead of d dimensions.
        basis, coordinates = np.linalg.qr(features.T)  # (d, n), (n, n)
        weights = _minimise(coordinates.T, codes, class_count, strength)
        return np.asarray(weights @ basis.T)


def _threads_for(multiplications: int) -> AbstractContextManager[object]:
    if multiplications >= THREADING_PAYS:
        return nullcontext()
    one: AbstractContextManager[object] = _controller().limit(limits=1, user_api="blas")
    return one


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def _minimise(features: Matrix, codes: Codes, class_count: int, strength: float) -> Matrix:
    count, dimension = features.shape
    decay = 1 / (strength * count)
    rows = np.arange(count)

    def objective(flat: Matrix) -> tuple[float, Matrix]:
        weights = flat.reshape(class_count, dimension)
        logits = features @ weights.T
        logits -= logits.max(axis=1, keepdims=True)
        residual = np.exp(logits)
        totals = residual.sum(axis=1, keepdims=True)
        loss = np.mean(np.log(totals[:, 0]) - logits[rows, codes])
        residual /= totals
        residual[rows, codes] -= 1
        gradient = residual.T @ features / count + decay * weights
        return float(loss + decay / 2 * (flat @ flat)), gradient.ravel()

    found = minimize(
        objective,
        np.zeros(class_count * dimension),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": MAX_ITERATIONS, "gtol": GRADIENT_TOLERANCE * decay, "ftol": 0.0},
    )
    return np.asarray(found.x).reshape(class_count, dimension)
