"""The part of a pool that suggestions are chosen from."""

import numpy as np
import pytest

from models.fitting import fit_head
from models.search.feature_rows import FeatureRows
from service.usecases import desk
from service.usecases.desk import Desk
from tests.models.clusters import clusters

X, Y = clusters([20, 20], noise=0.5)
POOL = FeatureRows(X)
LABELLED = np.array([0, 1, 20, 21])


def test_all_of_a_small_pool_is_looked_at_but_what_is_labelled() -> None:
    small = Desk.of(POOL, LABELLED)

    assert small.rows.tolist() == [*range(2, 20), *range(22, 40)]
    assert small.state(None, np.array([2, 2])).total == len(small.rows) == 36


def test_of_a_large_pool_another_part_is_looked_at_after_each_label(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(desk, "MOST_CONSIDERED", 10)

    first, again, later = (Desk.of(POOL, LABELLED[:count]) for count in (3, 3, 4))

    assert len(first.rows) == 10
    assert first.total == 37
    assert first.rows.tolist() == again.rows.tolist() != later.rows.tolist()
    assert not set(later.rows) & set(LABELLED)


def test_answers_are_of_the_images_that_are_looked_at() -> None:
    head = fit_head(X[LABELLED], Y[LABELLED])

    state = Desk.of(POOL, LABELLED).state(head, np.array([2, 2]))

    assert state.has_rivals
    assert state.answers is not None
    assert state.answers.best.tolist() == [0] * 18 + [1] * 18
    assert state.labelled.shape == (4, X.shape[1])


def test_a_pool_without_unlabelled_images_has_no_answers() -> None:
    head = fit_head(X[LABELLED], Y[LABELLED])

    assert Desk.of(POOL, np.arange(40)).state(head, np.array([2, 2])).answers is None
