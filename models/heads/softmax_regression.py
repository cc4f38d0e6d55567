"""L2-regularised multinomial logistic regression without intercept, solved by L-BFGS."""

from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.linalg import get_lapack_funcs

from models.heads.quasi_newton import InverseHessian
from models.threads import threads_for

Matrix: TypeAlias = npt.NDArray[np.float64]
Values: TypeAlias = npt.NDArray[np.floating]
Codes: TypeAlias = npt.NDArray[np.intp]

MAX_STEPS = 500
# Nats a sample by which the loss would still fall: the end, in single and in double precision.
# Probabilities come within 3e-3 and 1e-3.
DECREASE_SINGLE, DECREASE_DOUBLE = 3e-7, 1e-9
# The guess at the curvature in a class's weights: so many parts of the covariance of all samples,
# over the number of classes, and of the square of the class's mean, whose own samples bend the
# loss most. Chosen by the steps needed on synthetic features and on Tiny ImageNet.
# The latter is over the cube root of C: where answers are surer, they bend the loss less.
OF_ALL, OF_OWN = 0.3, 0.2
# As answers become surer, the first steps guess anew, where a product takes so many times as long
# as the inverse of a block: later steps tell little more.
REFRESHED, REFRESH_PAYS = 4, 4
# Part of its slope at the start to which the loss is followed along each direction, and trials.
FLAT = 0.5
MAX_TRIALS = 20
# From here on products take most of the time, and single precision half of it.
SINGLE_PAYS = 2_000_000
# Logits that are worked on at once: they stay in the processor's cache.
AT_ONCE = 100_000
# Of the largest singular value: directions below carry rounding errors alone.
NOTHING = 1e-7


@dataclass(frozen=True)
class Minimum:
    """weights: W (classes, d); curvature: what was guessed of the loss around it, if anything."""

    weights: Matrix
    curvature: "Curvature | None" = None


def solve(
    features: Values,
    codes: Codes,
    class_count: int,
    strength: float,
    importance: Matrix | None = None,
    start: Matrix | None = None,
) -> Matrix:
    """The weights of `minimise`, begun at `start` (class_count, d) where there is one."""
    begun = None if start is None else Minimum(start)
    return minimise(features, codes, class_count, strength, importance, begun).weights


def minimise(
    features: Values,
    codes: Codes,
    class_count: int,
    strength: float,
    importance: Matrix | None = None,
    start: Minimum | None = None,
) -> Minimum:
    """Minimise C x (weighted sum of the cross-entropies) + 1/2 ||W||^2 over W (class_count, d).

    features: (n, d); codes: (n,) class indices below class_count; strength: C, as in
    scikit-learn; importance: (n,) weights of the samples, 1 for each where there are none;
    start: the minimum for nearly the same samples, of the same shape and strength: it saves
    steps, and its curvature is good enough for these.
    """
    count, dimension = features.shape
    if not features.any():  # of one label alone, or of equal ones, nothing tells classes apart
        return Minimum(np.zeros((class_count, dimension)))
    multiplications = count * dimension * class_count
    with threads_for(multiplications):
        if count < dimension and start is None:
            # The optimum lies in the span of the samples: n coordinates are enough.
            basis = _span(features.astype(np.float64))
            inside = solve(features @ basis.T, codes, class_count, strength, importance)
            return Minimum(np.asarray(inside @ basis))
        precision = np.float32 if multiplications >= SINGLE_PAYS else np.float64
        loss = _Loss.of(features.astype(precision, copy=False), codes, strength, importance)
        begun = start or Minimum(np.zeros((class_count, dimension)))
        curvature = begun.curvature or Curvature.of(loss, class_count)
        found = _descend(loss, curvature, begun.weights.astype(precision))
        return Minimum(found.astype(np.float64), curvature)


def _span(features: Matrix) -> Matrix:
    """(r, d) orthonormal rows, r <= n, that span the rows of (n, d)."""
    squares, vectors = np.linalg.eigh(features @ features.T)
    spectrum = np.sqrt(np.maximum(squares, 0))
    kept = spectrum > NOTHING * spectrum.max()
    return np.asarray((vectors[:, kept] / spectrum[kept]).T @ features)


@dataclass(frozen=True)
class _Loss:
    """Weighted sum of the cross-entropies + decay / 2 ||W||^2; the weights sum to about one."""

    features: Values  # (n, d)
    codes: Codes
    importance: Values  # (n,)
    decay: float

    @classmethod
    def of(cls, features: Values, codes: Codes, strength: float, importance: Matrix | None) -> Self:
        count = len(features)
        weights = np.ones(count) if importance is None else importance
        weights = (weights / count).astype(features.dtype)
        return cls(features, codes, weights, 1 / (strength * count))

    def residual(self, logits: Values, ahead: Values, length: float, out: Values) -> None:
        """The gradient in the logits at logits + length x ahead; all (n, classes).

        Probabilities less the truth, each sample's by its importance.
        """
        rows = max(AT_ONCE // logits.shape[1], 1)
        for first in range(0, len(out), rows):
            part = slice(first, first + rows)
            here = out[part]
            np.multiply(ahead[part], length, out=here)
            here += logits[part]
            here -= here.max(axis=1, keepdims=True)
            np.exp(here, out=here)
            here *= (self.importance[part] / here.sum(axis=1))[:, None]
        out[np.arange(len(out)), self.codes] -= self.importance

    def gradient(self, residual: Values, weights: Values) -> Values:
        return np.asarray(residual.T @ self.features + self.decay * weights)


@dataclass(frozen=True)
class Curvature:
    """The inverse of a guess at the Hessian: a block a class, all alike but for its own mean."""

    covariance: Values  # (d, d), of all samples
    means: Values  # (classes, d)
    common: Values  # (d, d)
    own: Values  # (classes, d)
    shrinkage: Values  # (classes, 1)

    @classmethod
    def of(cls, loss: _Loss, class_count: int) -> Self:
        """As it is on the way to the minimum from weights of zero."""
        features, count = loss.features, len(loss.features)
        weighted = features * np.sqrt(loss.importance)[:, None]
        places = (loss.codes, np.arange(count))
        sums = sparse.csr_matrix((loss.importance, places), (class_count, count))
        sizes = np.maximum(sums.sum(axis=1), np.finfo(np.float32).tiny)  # of classes of no sample
        means = np.asarray((sums @ features) / sizes, dtype=features.dtype)
        bending = (1 / (loss.decay * count)) ** (-1 / 3) * np.asarray(sizes)
        covariance = weighted.T @ weighted
        return cls._by(covariance, means, loss.decay, OF_ALL / class_count, OF_OWN * bending)

    def refreshed(self, loss: _Loss, residual: Values) -> Self:
        """As probabilities bend the loss now: p (1 - p) a sample and class."""
        share = np.maximum(loss.importance, np.finfo(loss.importance.dtype).tiny)
        missing = -residual[np.arange(len(residual)), loss.codes]
        present = share - missing  # the probability of the true class, by the importance
        of_own = missing * present / share
        squares = np.einsum("nk,nk->n", residual, residual) - missing**2 + present**2
        of_all = max(float((share - squares / share - of_own).sum()), 0.0) / len(self.means)
        bending = OF_OWN * np.bincount(loss.codes, of_own, len(self.means))[:, None]
        return self._by(self.covariance, self.means, loss.decay, of_all, bending)

    @classmethod
    def _by(
        cls, covariance: Values, means: Values, decay: float, of_all: float, bending: Values
    ) -> Self:
        """bending: (classes, 1) along each class's mean."""
        block = of_all * covariance
        rounding = np.finfo(block.dtype).eps * np.trace(block)
        block[np.diag_indices_from(block)] += decay + rounding
        common = _inverse(block)
        own = means @ common
        along = (means * own).sum(axis=1, keepdims=True)
        shrinkage = (bending / (1 + bending * along)).astype(means.dtype)
        return cls(covariance, means, common, own, shrinkage)

    def times(self, gradient: Values) -> Values:
        """(classes, d), by the formula of Sherman and Morrison."""
        found = gradient @ self.common.astype(gradient.dtype, copy=False)
        along = (self.own * gradient).sum(axis=1, keepdims=True)
        found -= self.shrinkage * along * self.own
        return np.asarray(found)


def _inverse(matrix: Values) -> Values:
    """Of a symmetric positive definite matrix (d, d), by its Cholesky factor.

    Of its diagonal, a poorer guess, where rounding left it indefinite.
    """
    factorise, invert = get_lapack_funcs(("potrf", "potri"), (matrix,))
    factor, failed = factorise(matrix, lower=True)
    if failed:
        return np.diag(1 / np.diag(matrix))
    lower = np.tril(invert(factor, lower=True)[0])
    return np.asarray(lower + np.tril(lower, -1).T)


def _descend(loss: _Loss, guess: Curvature, weights: Values) -> Values:
    curvature = InverseHessian(guess.times)
    logits = loss.features @ weights.T
    # Large: made once, as memory that is new to the process costs more than what is done in it.
    ahead, residual = np.zeros_like(logits), np.empty_like(logits)
    loss.residual(logits, ahead, 0, residual)
    gradient = loss.gradient(residual, weights)
    enough = DECREASE_SINGLE if weights.dtype == np.float32 else DECREASE_DOUBLE
    worth = len(logits) * logits.shape[1] >= REFRESH_PAYS * weights.shape[1] ** 2
    step = None
    for taken in range(MAX_STEPS):
        if worth and 0 < taken <= REFRESHED:
            guess = guess.refreshed(loss, residual)
            curvature.guess_anew(guess.times)
        direction = -curvature.times(gradient, step)
        slope = float(np.vdot(gradient, direction))
        if -slope / 2 < enough:
            break
        # Logits are linear in the weights: one product serves all lengths that are tried.
        np.matmul(loss.features, direction.T, out=ahead)
        length = _search(loss, weights, direction, logits, ahead, slope, residual)
        ahead *= length
        logits += ahead
        step = length * direction
        weights = weights + step
        gradient = loss.gradient(residual, weights)
    return weights


def _search(
    loss: _Loss,
    weights: Values,
    direction: Values,
    logits: Values,
    ahead: Values,
    slope: float,
    residual: Values,
) -> float:
    """How far to go in the direction, with the residual there; ahead: the direction's logits."""
    falls, squares = float(np.vdot(weights, direction)), float(np.vdot(direction, direction))
    near, far = (0.0, slope), None
    for _ in range(MAX_TRIALS):
        length = _guess(near, far)
        loss.residual(logits, ahead, length, residual)
        found = float(np.vdot(residual, ahead)) + loss.decay * (falls + length * squares)
        if abs(found) <= FLAT * abs(slope):
            break
        near, far = ((length, found), far) if found < 0 else (near, (length, found))
    return length


def _guess(near: tuple[float, float], far: tuple[float, float] | None) -> float:
    """Where the slope may be zero, between two lengths with their slopes or beyond the first."""
    if far is None:
        return 3 * near[0] or 1.0
    share = near[1] / (near[1] - far[1])
    return near[0] + (far[0] - near[0]) * min(max(share, 0.1), 0.9)
