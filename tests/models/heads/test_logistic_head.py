import numpy as np
import pytest

from models.classifiers import LogisticRegressionClassifier
from models.heads.logistic_head import STRENGTHS, LogisticClassifier
from tests.models.clusters import clusters


def test_few_labels_take_the_strength_of_the_paper() -> None:
    X, y = clusters([4, 4, 4], noise=2.0)

    head = LogisticClassifier().fit(X, y)

    reference = LogisticRegressionClassifier(C=400.0).fit(X, y)
    np.testing.assert_array_equal(head.logits(X), reference.logits(X))


def test_noisy_labels_are_regularised_more_than_clear_ones() -> None:
    clear = LogisticClassifier().fit(*clusters([10] * 4, noise=0.2))
    noisy = LogisticClassifier().fit(*clusters([10] * 4, noise=6.0))

    assert noisy.strength_ == min(STRENGTHS) < clear.strength_


def test_what_was_settled_is_not_chosen_again() -> None:
    head = LogisticClassifier().fit(*clusters([10] * 4, noise=6.0))

    assert head.strength_ == head.settled().C


def test_an_unfitted_head_has_settled_nothing() -> None:
    assert LogisticClassifier().settled().C is None
    assert pytest.approx(3.0) == LogisticClassifier(C=3.0).settled().C
