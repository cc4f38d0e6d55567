import numpy as np
import numpy.typing as npt
import pytest

from models.confidence.novelty import Novelty

Array = npt.NDArray[np.float32]


def clusters(
    per_class: int, classes: range, seed: int, noise: float = 0.6
) -> tuple[Array, npt.NDArray[np.str_]]:
    """Samples of classes that stand at the same places whatever the seed."""
    centres = np.random.default_rng(0).normal(size=(20, 48)) + 2
    codes = np.repeat(list(classes), per_class)
    sampled = np.random.default_rng(seed).normal(size=(len(codes), 48))
    return (centres[codes] + noise * sampled).astype(np.float32), codes.astype(str)


def test_images_of_classes_without_labels_are_unknown_and_others_are_not() -> None:
    novelty = Novelty.fit(*clusters(10, range(10), seed=1))
    known, _ = clusters(50, range(10), seed=2)
    strange, _ = clusters(50, range(10, 20), seed=3)

    assert novelty.is_unknown(known).mean() < 0.1
    assert novelty.is_unknown(strange).mean() > 0.9


def test_strangeness_grows_from_labelled_images_to_their_opposites() -> None:
    X, y = clusters(3, range(4), seed=1)
    novelty = Novelty.fit(X, y)

    assert novelty.strangeness(X).max() < novelty.strangeness(-X).min()


def test_a_pool_tells_which_of_two_equally_distant_groups_belongs_to_a_class() -> None:
    """A long class and a group apart: only along the class's own images is there a way."""
    rng = np.random.default_rng(0)
    steps = np.linspace(0, np.pi / 2, 60)
    along = np.stack([np.cos(steps), np.sin(steps), 0 * steps, 0 * steps], axis=1)
    apart = np.stack(
        [np.cos(steps[-6:]), 0 * steps[-6:], np.sin(steps[-6:]), 0 * steps[-6:]], axis=1
    )
    other = np.tile([0.0, 0, 0, 1], (30, 1))
    pool = np.concatenate([along, apart.repeat(5, axis=0), other])
    pool = np.hstack([pool, -pool]) + 0.01 * rng.normal(size=(len(pool), 8))
    X = np.hstack([along[:4], -along[:4]]), np.hstack([other[:4], -other[:4]])

    novelty = Novelty.fit(np.concatenate(X), ["long"] * 4 + ["other"] * 4, pool)

    assert novelty.strangeness(pool[54:60]).max() < novelty.strangeness(pool[60:90]).min()


def test_groups_of_the_pool_without_labels_are_unknown() -> None:
    X, y = clusters(10, range(8), seed=1, noise=1.2)
    pool, _ = clusters(20, range(10), seed=2, noise=1.2)
    known, _ = clusters(50, range(8), seed=3, noise=1.2)
    strange, _ = clusters(50, range(8, 10), seed=4, noise=1.2)

    novelty = Novelty.fit(X, y, pool)

    assert novelty.is_unknown(known).mean() < 0.1
    assert novelty.is_unknown(strange).mean() > 0.9


def test_the_score_passes_one_half_where_the_unknown_begins() -> None:
    X, y = clusters(5, range(4), seed=1)
    novelty = Novelty.fit(X, y)
    tests, _ = clusters(50, range(8), seed=2, noise=2)

    score = novelty.score(tests)

    assert score.min() >= 0
    assert score.max() <= 1
    assert novelty.is_unknown(tests).tolist() == (score > 0.5).tolist()
    assert 0 < novelty.is_unknown(tests).mean() < 1


def test_stored_arrays_give_the_same_scores() -> None:
    X, y = clusters(3, range(4), seed=1)
    novelty = Novelty.fit(X, y, clusters(20, range(6), seed=2)[0])

    loaded = Novelty.from_arrays(novelty.to_arrays())

    np.testing.assert_array_equal(loaded.score(X), novelty.score(X))


def test_many_images_are_as_strange_as_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = clusters(3, range(4), seed=1)
    novelty = Novelty.fit(X, y, clusters(20, range(6), seed=2)[0])
    together = novelty.strangeness(X)

    monkeypatch.setattr("models.confidence.novelty.AT_ONCE", 5)

    np.testing.assert_allclose(novelty.strangeness(X), together, rtol=1e-5)
    assert novelty.strangeness(X[:0]).shape == (0,)


def test_what_was_stored_before_pools_counted_ranks_but_calls_nothing_unknown() -> None:
    stored = {"centre": np.zeros(3), "centroids": np.eye(3)[:2], "threshold": np.array([0.4])}

    novelty = Novelty.from_arrays(stored)

    near, far = novelty.score(np.array([[1, 0, -0.2], [-1, -1, 1]]))
    assert near < far
    assert not novelty.is_unknown(np.array([[-1, -1, 1]])).any()


@pytest.mark.parametrize("pool_size", [1, 31, 32])
@pytest.mark.parametrize("y", [["a"], ["a", "b"], ["a", "a", "b", "b"]])
def test_any_pool_gives_finite_scores(pool_size: int, y: list[str]) -> None:
    X = np.random.default_rng(0).normal(size=(len(y), 8))
    same = np.ones((pool_size, 8)) * np.arange(8)

    for pool in (same, np.random.default_rng(1).normal(size=(pool_size, 8))):
        assert np.isfinite(Novelty.fit(X, y, pool).score(np.vstack([X, pool]))).all()


@pytest.mark.parametrize(
    "y", [["a"], ["a", "a", "a"], ["a", "b"], ["a", "a", "b"], ["a", "a", "b", "c"]]
)
def test_too_few_labels_leave_everything_known(y: list[str]) -> None:
    X = np.random.default_rng(0).normal(size=(len(y), 8))
    novelty = Novelty.fit(X, y)

    assert novelty.threshold is None
    assert not novelty.is_unknown(np.vstack([X, -X])).any()


def test_two_labels_in_two_classes_set_a_threshold() -> None:
    assert Novelty.fit(*clusters(2, range(2), seed=1)).threshold is not None


def test_copies_of_labelled_images_are_known() -> None:
    X, y = clusters(1, range(5), seed=1)

    novelty = Novelty.fit(X.repeat(3, axis=0), y.repeat(3))

    assert not novelty.is_unknown(X).any()


def test_identical_images_in_all_classes_are_no_error() -> None:
    X = np.ones((4, 8)) * np.arange(8)

    assert not Novelty.fit(X, ["a", "a", "b", "b"]).is_unknown(X).any()


@pytest.mark.parametrize("noise", [0.0, 1e-4])
def test_a_pool_of_one_image_over_and_over_leaves_labelled_images_known(noise: float) -> None:
    X, y = clusters(6, range(5), seed=1)
    rng = np.random.default_rng(0)
    pool = np.repeat(X[:1], 300, axis=0) + noise * rng.normal(size=(300, X.shape[1]))

    novelty = Novelty.fit(X, y, pool)

    strangers = clusters(40, range(6, 8), seed=2)[0]
    assert novelty.is_unknown(X).mean() < 0.05
    assert novelty.is_unknown(strangers).mean() > 0.3


def test_images_of_the_pool_raise_no_more_false_alarms_than_others() -> None:
    alarms = []
    for seed in range(8):
        X, y = clusters(5, range(6), seed=seed, noise=1.5)
        pool, others = (clusters(30, range(6), seed=100 * n + seed, noise=1.5)[0] for n in (1, 2))
        novelty = Novelty.fit(X, y, pool)
        alarms.append([novelty.is_unknown(images).mean() for images in (pool, others)])

    of_the_pool, of_others = np.mean(alarms, axis=0)

    assert of_others < 0.08
    assert of_the_pool < of_others + 0.02
