"""The head's arrays, as whoever has no code of ours reads them."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.classifiers import Head, HeadKind
from models.fitting import fit_head
from models.portable.head import export_npz, parts_of

GUIDE = Path(__file__).parents[3] / "docs" / "exporting.md"


@pytest.fixture(scope="module")
def predict() -> Callable[..., Any]:
    """The reader that the guide prints."""
    (program,) = re.findall(r"```python\n(import numpy.*?)```", GUIDE.read_text(), re.DOTALL)
    assert len(program.splitlines()) <= 26
    names: dict[str, Any] = {}
    exec(program, names)
    return names["predict"]


@pytest.mark.parametrize("kind", ["labels", "logistic", "prototype"])
@pytest.mark.parametrize("per_class", [1, 8])
def test_the_guides_reader_answers_as_the_head_does(
    predict: Callable[..., Any], kind: HeadKind, per_class: int
) -> None:
    random = np.random.default_rng(0)
    names = ["cat", "dog", "owl"] * per_class
    features = random.normal(0, 1, (len(names), 16)) + np.repeat(np.eye(3, 16) * 3, per_class, 0)
    head = fit_head(features, names, kind)
    tests = random.normal(0, 2, (50, 16)).astype(np.float32)
    classes, probabilities, unknown = predict(io.BytesIO(export_npz(head)), tests)
    assert classes.tolist() == ["cat", "dog", "owl"]
    np.testing.assert_allclose(probabilities, head.predict_proba(tests), atol=1e-5)
    assert unknown.tolist() == head.is_unknown(tests).tolist()


def test_a_head_without_a_plain_form_is_refused() -> None:
    with pytest.raises(NotImplementedError, match="Head cannot be exported"):
        parts_of(Head())
