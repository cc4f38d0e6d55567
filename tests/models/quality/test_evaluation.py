import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.heads.labels_head import LabelsClassifier
from models.quality.cross_validation import HeldOut, cross_validate
from models.quality.evaluation import ConfusionCell, Share, evaluate


def answers(actual: list[int], predicted: list[int], rows: list[int] | None = None) -> HeldOut:
    classes = max(*actual, *predicted) + 1
    chosen = np.arange(len(actual)) if rows is None else np.array(rows)
    return HeldOut(np.eye(classes)[predicted], np.array(actual), chosen)


def test_precision_counts_the_answers_and_recall_the_examples() -> None:
    y = ["cat", "cat", "cat", "dog", "dog"]

    cat, dog = evaluate(answers([0, 0, 0, 1, 1], [0, 0, 1, 1, 0]), y).classes

    assert (cat.label, cat.examples, dog.label, dog.examples) == ("cat", 3, "dog", 2)
    assert cat.precision is not None
    assert cat.precision.value == pytest.approx(2 / 3)
    assert cat.precision.count == 3
    assert dog.precision is not None
    assert (dog.precision.value, dog.precision.count) == (0.5, 2)
    assert dog.recall is not None
    assert (dog.recall.value, dog.recall.count) == (0.5, 2)


def test_a_class_that_was_never_tested_or_answered_has_no_shares() -> None:
    rare = evaluate(answers([0, 0, 1, 1], [0, 0, 1, 0]), ["a", "a", "b", "b", "rare"]).classes[2]

    assert (rare.label, rare.examples, rare.precision, rare.recall) == ("rare", 1, None, None)


def test_each_cell_of_the_confusion_names_its_examples() -> None:
    held_out = answers([1, 0, 1, 1], [0, 0, 1, 0], rows=[7, 0, 5, 2])

    assert evaluate(held_out, ["a", "b", "b", "a", "a", "b", "a", "b"]).confusion == (
        ConfusionCell("a", "a", (0,)),
        ConfusionCell("b", "a", (2, 7)),
        ConfusionCell("b", "b", (5,)),
    )


def test_without_held_out_answers_only_the_examples_are_counted() -> None:
    evaluation = evaluate(None, ["a", "b", "b"])

    assert [(each.label, each.examples) for each in evaluation.classes] == [("a", 1), ("b", 2)]
    assert {each.recall for each in evaluation.classes} == {None}
    assert evaluation.confusion == ()


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40))
def test_every_answer_lies_in_one_cell(pairs: list[tuple[int, int]]) -> None:
    actual, predicted = (list(side) for side in zip(*pairs, strict=True))
    evaluation = evaluate(answers(actual, predicted), [f"class-{code}" for code in [*range(5)]])

    rows = [row for cell in evaluation.confusion for row in cell.rows]
    assert sorted(rows) == list(range(len(pairs)))
    shares = [each.recall for each in evaluation.classes if each.recall]
    assert sum(share.count for share in shares) == len(pairs)
    assert all(share.low <= share.value <= share.high for share in shares)


def test_a_class_of_a_thousand_beside_one_of_two_is_not_drowned() -> None:
    rng = np.random.default_rng(0)
    y = np.repeat(["few", "many"], [2, 2000])
    X = rng.normal(size=(len(y), 16)) + 3 * np.eye(16)[(y == "few").astype(int)]

    few, many = evaluate(cross_validate(LabelsClassifier(), X, y), y).classes

    assert few.recall is not None
    assert few.recall.count == 2
    assert many.recall is not None
    assert many.recall.value > 0.9


def test_a_share_of_nothing_is_none() -> None:
    assert Share.of(0, 0) is None
