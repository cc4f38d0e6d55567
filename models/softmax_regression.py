"""L2-regularised multinomial logistic regression without intercept, solved by L-BFGS."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from models.threads import threads_for

Matrix: TypeAlias = npt.NDArray[np.float64]
Codes: TypeAlias = npt.NDArray[np.intp]

MAX_ITERATIONS = 2000
# Times the decay, as the objective is strongly convex with it: the distance to the optimum is
# at most the gradient over the decay. Probabilities come within 2e-3.
GRADIENT_TOLERANCE = 2e-2
# Of the cross-entropy, times the number of classes; sets the preconditioner. From 0.02 to 0.3
# the iterations hardly differ: two to three times fewer than without, where features are weak.
CURVATURE = 0.03
# From here on products take nearly all of the time, and single precision half of it.
SINGLE_PAYS = 100_000_000
# Of the largest singular value: directions below carry rounding errors alone.
NOTHING = 1e-7


def solve(
    features: Matrix,
    codes: Codes,
    class_count: int,
    strength: float,
    importance: Matrix | None = None,
) -> Matrix:
    """Minimise C x (weighted sum of the cross-entropies) + 1/2 ||W||^2 over W.

    features: (n, d) float64; codes: (n,) class indices below class_count; strength: C, as in
    scikit-learn; importance: (n,) weights of the samples, 1 for each where there are none.
    Returns W (class_count, d).
    """
    decay = 1 / (strength * len(features))
    multiplications = features.size * class_count
    with threads_for(multiplications):
        # The optimum lies in the span of the samples: min(n, d) coordinates are enough. Each is
        # scaled by how strongly the loss bends along it, which L-BFGS would have to find out.
        spectrum, basis = _span(features)
        bends = CURVATURE / class_count * spectrum**2 / len(features)
        scale = np.sqrt(decay / (bends + decay))  # (r,)
        axes = basis * scale[:, None]
        precision = np.float32 if multiplications >= SINGLE_PAYS else np.float64
        weights = _minimise(
            (features @ axes.T).astype(precision),
            codes,
            np.ones(len(codes)) if importance is None else importance,
            (class_count, len(scale)),
            decay * scale**2,
            GRADIENT_TOLERANCE * decay * scale.min(initial=1),
        )
        return np.asarray(weights @ axes)


def _span(features: Matrix) -> tuple[Matrix, Matrix]:
    """Singular values (r,) and right singular vectors (r, d), from the smaller Gram matrix."""
    wide = features.shape[0] < features.shape[1]
    squares, vectors = np.linalg.eigh(features @ features.T if wide else features.T @ features)
    spectrum = np.sqrt(np.maximum(squares, 0))
    kept = spectrum > NOTHING * spectrum.max()
    spectrum, vectors = spectrum[kept], vectors[:, kept]
    return spectrum, (vectors / spectrum).T @ features if wide else vectors.T


def _minimise(
    features: npt.NDArray[np.floating],
    codes: Codes,
    importance: Matrix,
    shape: tuple[int, int],
    decay: Matrix,
    tolerance: float,
) -> Matrix:
    """Minimise mean weighted loss + 1/2 sum(decay x W^2); decay: (r,), one a coordinate."""
    rows = np.arange(len(features))

    def objective(flat: Matrix) -> tuple[float, Matrix]:
        weights = flat.reshape(shape)
        residual = features @ weights.T.astype(features.dtype)  # the logits, at first
        residual -= residual.max(axis=1, keepdims=True)
        chosen = residual[rows, codes]
        np.exp(residual, out=residual)
        totals = residual.sum(axis=1, keepdims=True)
        loss = importance @ (np.log(totals[:, 0]) - chosen) / len(features)
        residual *= (importance[:, None] / totals).astype(features.dtype)
        residual[rows, codes] -= importance
        decayed = decay * weights
        gradient = (residual.T @ features).astype(np.float64) / len(features) + decayed
        return float(loss + (decayed * weights).sum() / 2), gradient.ravel()

    found = minimize(
        objective,
        np.zeros(shape).ravel(),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": MAX_ITERATIONS, "gtol": tolerance, "ftol": 0.0},
    )
    return np.asarray(found.x).reshape(shape)
