import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from models.heads.discriminant import Sample, fit_discriminant
from tests.models.clusters import clusters


def one_hot(names: np.ndarray) -> np.ndarray:
    return np.asarray(names[:, None] == np.unique(names))


def test_without_shrinkage_it_is_scikit_learns_discriminant_with_an_unbiased_covariance() -> None:
    X, y = clusters([40, 40, 40], dimension=6, noise=1.5)
    tests = clusters([30, 30, 30], dimension=6, noise=1.5, seed=1).X
    reference = LinearDiscriminantAnalysis(priors=[1 / 3] * 3).fit(X, y)

    part = fit_discriminant(Sample.of(X, np.ones(len(X))), one_hot(y), 1e-9)

    ours, theirs = part.logits(tests), reference.decision_function(tests) * (120 - 3) / 120
    np.testing.assert_allclose(
        ours - ours.mean(axis=1, keepdims=True),
        theirs - theirs.mean(axis=1, keepdims=True),
        rtol=1e-3,
        atol=1e-3,
    )


def test_much_shrinkage_leaves_the_nearest_class_mean() -> None:
    X, y = clusters([5, 5, 5], noise=1.5)
    tests = clusters([40, 40, 40], noise=1.5, seed=1).X
    means = np.stack([X[y == name].mean(axis=0) for name in np.unique(y)])
    nearest = np.linalg.norm(tests[:, None] - means, axis=2).argmin(axis=1)

    part = fit_discriminant(Sample.of(X, np.ones(len(X))), one_hot(y), 1e6)

    np.testing.assert_array_equal(part.logits(tests).argmax(axis=1), nearest)


def test_samples_without_trust_count_for_nothing() -> None:
    X, y = clusters([20, 20])
    stray = np.concatenate([X, np.full((5, 32), 50, dtype=np.float32)])
    shares = np.concatenate([one_hot(y), np.tile([1, 0], (5, 1))])

    alone = fit_discriminant(Sample.of(X, np.ones(40)), one_hot(y), 1.0)

    beside = fit_discriminant(Sample.of(stray, np.repeat([1.0, 0.0], [40, 5])), shares, 1.0)
    np.testing.assert_allclose(alone.weights, beside.weights, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("counts", [[1], [1, 1], [4, 1]])
def test_as_little_as_one_sample_a_class_is_enough(counts: list[int]) -> None:
    X, y = clusters(counts)

    part = fit_discriminant(Sample.of(X, np.ones(len(X))), one_hot(y), 1.0)

    assert np.isfinite(part.logits(X)).all()
    np.testing.assert_array_equal(np.unique(y)[part.logits(X).argmax(axis=1)], y)


@pytest.mark.parametrize("shrinkage", [0.2, 1.0])
def test_single_precision_gives_the_answers_of_double_precision(shrinkage: float) -> None:
    X, y = clusters([20] * 20, dimension=256, noise=3.0)
    tests = clusters([5] * 20, dimension=256, noise=3.0, seed=1).X

    single, double = (
        fit_discriminant(Sample.of(X.astype(kind), np.ones(len(X))), one_hot(y), shrinkage)
        for kind in (np.float32, np.float64)
    )

    single, double = (part.scaled(double.logits(tests).std()) for part in (single, double))
    np.testing.assert_allclose(single.logits(tests), double.logits(tests), atol=1e-4)
