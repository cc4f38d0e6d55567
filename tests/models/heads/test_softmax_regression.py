import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from models.heads.softmax_regression import solve
from tests.models.clusters import clusters


def drawn(counts: list[int], dimension: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    X, y = clusters(counts, dimension=dimension, noise=2.0, seed=seed)
    return X / np.linalg.norm(X, axis=1, keepdims=True), np.unique(y, return_inverse=True)[1]


def gradient(
    weights: np.ndarray,
    X: np.ndarray,
    codes: np.ndarray,
    strength: float,
    importance: np.ndarray | None = None,
) -> np.ndarray:
    residual = softmax(X @ weights.T, axis=1) - np.eye(len(weights))[codes]
    if importance is not None:
        residual *= importance[:, None]
    return np.asarray(strength * residual.T @ X + weights)


@pytest.mark.parametrize("strength", [10.0, 400.0])
@pytest.mark.parametrize(("counts", "dimension"), [([9, 9, 9], 8), ([3, 1], 40), ([4], 8)])
def test_at_the_minimum_the_gradient_is_nothing(
    counts: list[int], dimension: int, strength: float
) -> None:
    X, codes = drawn(counts, dimension)

    weights = solve(X, codes, len(counts), strength)

    assert weights.shape == (len(counts), dimension)
    lacking = np.linalg.norm(gradient(weights, X, codes, strength))
    assert lacking <= 2e-2 * max(1, np.linalg.norm(weights))


def test_importance_counts_as_copies_do() -> None:
    X, codes = drawn([6, 6, 6], 8)
    times = np.where(codes == 1, 3, 1)

    weighted = solve(X, codes, 3, 10.0, times.astype(float))

    copied = solve(np.repeat(X, times, axis=0), np.repeat(codes, times), 3, 10.0)
    np.testing.assert_allclose(
        softmax(X @ weighted.T, axis=1), softmax(X @ copied.T, axis=1), atol=1e-3
    )


@pytest.mark.parametrize("counts", [[8, 8, 8], [60] * 60])
def test_where_it_starts_changes_little(counts: list[int]) -> None:
    X, codes = drawn(counts, 24)
    known = np.arange(len(codes)) % 4 > 0
    whole = solve(X, codes, len(counts), 10.0)

    warm = solve(X[known], codes[known], len(counts), 10.0, start=whole)

    cold = solve(X[known], codes[known], len(counts), 10.0)
    warm, cold, before = (softmax(X[~known] @ each.T, axis=1) for each in (warm, cold, whole))
    np.testing.assert_allclose(warm, cold, atol=2e-3)
    assert abs(warm - before).max() > 0.02


def test_single_precision_of_large_problems_reaches_the_same_loss() -> None:
    X, codes = drawn([60] * 60, 24)
    precise = solve(X[:, :24], codes, 60, 10.0)
    # Columns of zeros make the problem large and leave it as it is.
    padded = np.pad(X, ((0, 0), (0, 1000)))

    weights = solve(padded, codes, 60, 10.0)[:, :24]

    losses = [
        -10 * log_softmax(X @ found.T, axis=1)[np.arange(len(X)), codes].sum()
        + (found**2).sum() / 2
        for found in (precise, weights)
    ]
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)


def test_a_class_without_samples_is_answered_as_unlikely() -> None:
    X, codes = drawn([20, 20], 8)

    weights = solve(X, codes, 3, 10.0)

    assert softmax(X @ weights.T, axis=1)[:, 2].mean() < 0.2


def test_where_nothing_tells_classes_apart_nothing_is_solved(
    capfd: pytest.CaptureFixture[str],
) -> None:
    weights = solve(np.zeros((2, 8)), np.array([0, 1]), 2, 10.0)

    np.testing.assert_array_equal(weights, np.zeros((2, 8)))
    assert capfd.readouterr().out == ""  # where LAPACK writes what it was given wrong


def test_nearly_equal_samples_are_answered_by_how_common_classes_are() -> None:
    random = np.random.default_rng(0)
    X = random.normal(size=128) + 1e-7 * random.normal(size=(2000, 128))
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    codes = random.integers(0, 10, 2000)

    weights = solve(X, codes, 10, 1e6)  # little is added to the curvature but rounding

    shares = np.tile(np.bincount(codes) / 2000, (2000, 1))
    np.testing.assert_allclose(softmax(X @ weights.T, axis=1), shares, atol=3e-3)


def test_sure_answers_take_few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = clusters([10] * 60, dimension=48, noise=0.3)
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    codes = np.unique(y, return_inverse=True)[1]
    settled = solve(X, codes, 60, 400.0)
    monkeypatch.setattr("models.heads.softmax_regression.MAX_STEPS", 24)  # 17; 34 with one guess

    np.testing.assert_array_equal(solve(X, codes, 60, 400.0), settled)
    assert np.abs(gradient(settled, X, codes, 400.0)).max() < 0.02
