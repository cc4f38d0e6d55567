"""The shortcuts of the low-shot benchmark change no result."""

import numpy as np
import pytest

from models.features import normalise
from models.low_shot.protocol import low_shot_table
from tests.benchmarks.encoder_low_shot import HEAD, Features, in_own_span


@pytest.fixture(scope="module")
def wide() -> tuple[Features, list[str]]:
    """Sixty samples of four overlapping classes in 700 dimensions, two of them duplicates."""
    rng = np.random.default_rng(0)
    codes = np.arange(60) % 4
    features = rng.normal(size=(60, 700)) + 0.15 * rng.normal(size=(4, 700))[codes]
    features[5] = features[1]
    return features.astype(np.float32), [f"class {code}" for code in codes]


def test_all_products_between_samples_stay(wide: tuple[Features, list[str]]) -> None:
    features, _ = wide
    rotated = in_own_span(features)
    assert rotated.shape == (60, 61)
    expected, found = normalise(features), normalise(rotated)
    np.testing.assert_allclose(found @ found.T, expected @ expected.T, atol=1e-6)


def test_every_draw_has_the_same_accuracy(wide: tuple[Features, list[str]]) -> None:
    features, labels = wide
    slow = low_shot_table(features, labels, (1, 2, 5, 10), 10, HEAD)
    fast = low_shot_table(in_own_span(features), labels, (1, 2, 5, 10), 10, HEAD)
    assert [result.draws for result in fast] == [result.draws for result in slow]
    means = [result.mean for result in slow]
    assert 0.25 < means[0] < means[-1] < 1  # neither chance nor trivial: it could differ


def test_few_dimensions_are_left_alone() -> None:
    features = np.ones((9, 4), dtype=np.float32)
    assert in_own_span(features) is features
