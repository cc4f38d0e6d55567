from typing import cast

import numpy as np
import pytest
from sklearn.datasets import load_digits

from models.classifiers import HeadKind, LogisticRegressionClassifier
from models.fitting import FittedHead, fit_head
from models.heads.by_name import HEADS
from models.low_shot.measured_heads import fits_of
from models.low_shot.splits import draw_split


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Features and classes of three labels a class, a pool, and tests."""
    X, y = load_digits(return_X_y=True)
    split = draw_split(y, 3, seed=0)
    return X[split.labelled], y[split.labelled], X[split.pool], X[split.tests[""]][:50]


Digits = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def test_official_is_the_protocol_as_it_stands(digits: Digits) -> None:
    X, y, pool, X_test = digits
    fitted = fits_of(["official"])["official"](X, y, pool)
    expected = LogisticRegressionClassifier(C=400).fit(X, y).predict_proba(X_test)
    np.testing.assert_array_equal(fitted.predict_proba(X_test), expected)


@pytest.mark.parametrize("name", sorted(set(HEADS) - {"official"}))
def test_other_heads_answer_as_the_service_does(name: str, digits: Digits) -> None:
    X, y, pool, X_test = digits
    fitted = fits_of([name])[name](X, y, pool)
    assert isinstance(fitted, FittedHead)
    if name == "pool":
        learned = fit_head(X, y, "auto", pool)
    else:
        learned = fit_head(X, y, cast("HeadKind", name))
    np.testing.assert_array_equal(fitted.predict_proba(X_test), learned.predict_proba(X_test))


def test_a_head_that_does_not_exist_is_told_with_those_that_do() -> None:
    with pytest.raises(ValueError, match=r"no head 'forest': choose from official, .*prototype"):
        fits_of(["official", "forest"])
