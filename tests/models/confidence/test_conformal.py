import numpy as np
import pytest
from scipy.special import softmax

from models.confidence.conformal import COVERAGE, PredictionSets, fit_sets
from models.quality.cross_validation import HeldOut


def answers(count: int, seed: int, sharpness: float = 1.5, seen: float = 0.8) -> HeldOut:
    """Logits over six classes; the greater the sharpness, the more often they are right."""
    rng = np.random.default_rng(seed)
    logits = sharpness * rng.normal(size=(count, 6))
    codes = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    return HeldOut(logits, codes, np.arange(count), seen)


def covered(sets: PredictionSets, held_out: HeldOut) -> float:
    chosen = sets.of(softmax(held_out.logits, axis=1))
    return float(chosen[np.arange(len(chosen)), held_out.codes].mean())


@pytest.mark.parametrize("count", [20, 57, 400])
def test_sets_hold_the_true_class_as_often_as_stated_on_average(count: int) -> None:
    tests = answers(2000, seed=0)
    judged = [fit_sets(answers(count, seed), temperature=1) for seed in range(1, 201)]

    shares = [covered(sets, tests) for sets in judged if sets]

    assert len(shares) == 200
    assert np.mean(shares) == pytest.approx(COVERAGE, abs=0.015)


def test_a_head_that_is_right_more_often_states_that_and_gives_single_classes() -> None:
    sure = answers(400, seed=1, sharpness=12)
    sets = fit_sets(sure, temperature=1)

    assert sets is not None
    assert sets.coverage == pytest.approx(sure.right.mean(), abs=0.01)
    assert sets.coverage > COVERAGE
    assert (sets.of(softmax(sure.logits, axis=1)).sum(axis=1) == 1).all()


def test_few_answers_that_are_all_right_are_not_stated_as_never_wrong() -> None:
    right = HeldOut(10 * np.eye(24), np.arange(24), np.arange(24), seen=0.8)

    sets = fit_sets(right, temperature=1)

    assert sets is not None
    assert 0.97 < sets.coverage < 1


def test_a_set_holds_the_likeliest_class_and_what_is_likely_enough() -> None:
    sets = PredictionSets(threshold=0.3, coverage=0.9)

    chosen = sets.of([[0.5, 0.35, 0.15], [0.25, 0.26, 0.24]])

    assert chosen.tolist() == [[True, True, False], [False, True, False]]


@pytest.mark.parametrize(("count", "seen"), [(19, 0.8), (200, 0.5)])
def test_too_few_labels_state_no_coverage(count: int, seen: float) -> None:
    assert fit_sets(answers(count, seed=1, seen=seen), temperature=1) is None
