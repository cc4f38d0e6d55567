"""Scores of a pool: compact, and of what is new alone."""

from threading import Event, Lock, Thread

import numpy as np
import pytest
from numpy.typing import NDArray

from models.features import Features
from models.fitting import FittedHead, fit_head
from service.domain.errors import Unavailable
from service.storage.pools import Pool
from service.storage.tail import Tail
from service.usecases.scores import AT_ONCE, ScoreCache, Scores, Strangers, score
from service.usecases.turns import Turns
from tests.service.large_pools import random_features

COUNT = 4 * AT_ONCE + 100
COLUMNS = ("best", "second", "confidence", "margin")


@pytest.fixture(scope="module")
def head() -> FittedHead:
    """Three classes that a random vector belongs to by its first component."""
    features = random_features(60, 3)
    return fit_head(features, np.digitize(features[:, 0], [-0.5, 0.5]).astype(str))


def pool_of(count: int) -> Pool:
    return Pool("e", Tail.empty().with_more(np.arange(count) + 7, random_features(count, 0)))


def test_scores_are_the_heads_answers(head: FittedHead) -> None:
    pool = pool_of(COUNT)
    scores = score(Scores, pool, head)
    probabilities = head.predict_proba(pool.features[:])
    ranked = np.sort(probabilities, axis=1)
    order = np.argsort(probabilities, axis=1)
    np.testing.assert_array_equal(scores.best, order[:, -1])
    np.testing.assert_array_equal(scores.second, order[:, -2])
    np.testing.assert_allclose(scores.confidence, ranked[:, -1], atol=1e-6)
    np.testing.assert_allclose(scores.margin, ranked[:, -1] - ranked[:, -2], atol=1e-6)
    assert scores.classes == ["0", "1", "2"]


def test_one_class_leaves_no_doubt() -> None:
    scores = score(Scores, pool_of(5), fit_head(random_features(2, 1), ["only", "only"]))
    assert scores.margin.tolist() == scores.confidence.tolist() == [1.0] * 5
    assert scores.best.tolist() == scores.second.tolist() == [0] * 5


class Counting(FittedHead):
    """Says how many images it was asked about."""

    asked = 0
    counting = Lock()

    def predict_proba(self, X: Features) -> NDArray[np.float64]:  # type: ignore[override]
        with Counting.counting:
            Counting.asked += len(X)
        return super().predict_proba(X)


def test_when_images_come_and_go_only_the_new_ones_are_scored(head: FittedHead) -> None:
    counting = Counting(head.classifier, head.novelty, head.estimate)
    cache = ScoreCache(Scores, Turns())
    pool = pool_of(COUNT)
    Counting.asked = 0
    first = cache.get("p", 1, pool, counting)
    assert cache.get("p", 1, pool, counting) is first
    assert Counting.asked == COUNT
    added = (np.array([1, 2]), random_features(2, 5))
    changed = pool.followed(0, added, 0, np.array([9, 50]))
    scores = cache.get("p", 1, changed, counting)
    assert Counting.asked == COUNT + 2
    for name in COLUMNS:
        np.testing.assert_array_equal(
            getattr(scores, name), getattr(score(Scores, changed, head), name)
        )
    cache.get("p", 2, changed, counting)
    assert Counting.asked == COUNT + 2 + len(changed), "another version answers anew"


def test_the_unknown_ones_are_the_heads_and_are_kept_as_the_pool_changes(head: FittedHead) -> None:
    pool, cache = pool_of(COUNT), ScoreCache(Strangers, Turns())
    first = cache.get("p", 1, pool, head)
    np.testing.assert_array_equal(first.unknown, head.is_unknown(pool.features[:]))
    changed = pool.followed(0, (np.array([1, 2]), random_features(2, 5)), 0, np.array([9, 50]))
    again = cache.get("p", 1, changed, head)
    np.testing.assert_array_equal(again.unknown, head.is_unknown(changed.features[:]))
    assert set(again.unknown.tolist()) == {True, False}


class Broken(FittedHead):
    """Fails for what lies far behind in the pool."""

    def predict_proba(self, X: Features) -> NDArray[np.float64]:  # type: ignore[override]
        if len(X) < AT_ONCE:
            raise ValueError("broken")
        return super().predict_proba(X)


def test_scores_that_fail_are_not_kept(head: FittedHead) -> None:
    pool, cache = pool_of(COUNT), ScoreCache(Scores, Turns())
    with pytest.raises(ValueError, match="broken"):
        cache.get("p", 1, pool, Broken(head.classifier, head.novelty, head.estimate))
    assert len(cache.get("p", 1, pool, head).best) == COUNT


def test_requests_for_the_version_before_do_not_drive_out_the_present_one(
    head: FittedHead,
) -> None:
    counting = Counting(head.classifier, head.novelty, head.estimate)
    pool, cache = pool_of(10), ScoreCache(Scores, Turns())
    Counting.asked = 0
    for version in (1, 2, 1, 2, 1, 3, 2, 3):
        cache.get("p", version, pool, counting)
    assert Counting.asked == 3 * len(pool), "once a version"


def test_an_older_version_that_is_taken_up_again_is_kept(head: FittedHead) -> None:
    counting = Counting(head.classifier, head.novelty, head.estimate)
    pool, cache = pool_of(10), ScoreCache(Scores, Turns())
    for version in (1, 2, 3):
        cache.get("p", version, pool, counting)
    Counting.asked = 0
    assert cache.get("p", 1, pool, counting) is cache.get("p", 1, pool, counting)
    assert Counting.asked == len(pool)


class Slow(FittedHead):
    """Answers when it may."""

    asked, allowed = Event(), Event()

    def predict_proba(self, X: Features) -> NDArray[np.float64]:  # type: ignore[override]
        Slow.asked.set()
        assert Slow.allowed.wait(120)
        return super().predict_proba(X)


def test_too_many_that_wait_for_scores_are_told_to_come_again(head: FittedHead) -> None:
    pool, turns = pool_of(10), Turns(waiting=1)
    cache, strangers = ScoreCache(Scores, turns), ScoreCache(Strangers, turns)
    present = cache.get("p", 1, pool, head)
    slow = Slow(head.classifier, head.novelty, head.estimate)
    asking = Thread(target=cache.get, args=("p", 2, pool, slow))
    asking.start()
    assert Slow.asked.wait(120)
    for each in (cache, strangers):
        with pytest.raises(Unavailable, match="ask again"):
            each.get("other", 3, pool, head)
    assert cache.get("p", 1, pool, head) is present, "what is there is not waited for"
    Slow.allowed.set()
    asking.join()
    assert len(cache.get("other", 3, pool, head).best) == len(pool)
