"""Suggestions: what to label next, each with its reason."""

from collections.abc import Callable
from typing import Any

import pytest

from models import selection
from tests.pictures import parts
from tests.service.caller import Caller, problem_of


@pytest.fixture
def pool(api: Caller, work: Callable[[], int]) -> Caller:
    for colour in ("red", "green", "blue"):
        api.send("/images", parts(colour, range(10, 14)))
    work()
    return api


def test_before_any_label_typical_images_are_suggested(pool: Caller) -> None:
    answer = pool.get("/suggestions", limit=3)
    assert len(answer["suggestions"]) == 3
    ids = [each["image_id"] for each in answer["suggestions"]]
    colours = {pool.get(f"/images/{each}")["filename"].split("-")[0] for each in ids}
    assert colours == {"red", "green", "blue"}, "they cover the pool"
    for suggestion in answer["suggestions"]:
        assert suggestion["filename"] == pool.get(f"/images/{suggestion['image_id']}")["filename"]
        assert suggestion["reason"][0].isupper()
        assert suggestion["reason"].endswith(".")
        assert suggestion["prediction"] is None


def test_an_image_that_is_deleted_meanwhile_is_not_suggested(
    pool: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    suggest = selection.suggest

    def then_deleted(*args: Any) -> list[selection.Suggestion]:
        picks = suggest(*args)
        pool.delete("/images/1")
        return picks

    monkeypatch.setattr(selection, "suggest", then_deleted)
    answer = pool.get("/suggestions", limit=100, strategy="random")
    assert {each["image_id"] for each in answer["suggestions"]} == set(range(2, 13))


def test_labelled_images_are_never_suggested(pool: Caller) -> None:
    pool.teach("red", "green", each=2)
    labels = [{"image_id": 1, "class_id": "red"}, {"image_id": 5, "class_id": "green"}]
    pool.post("/labels", {"labels": labels})
    unlabelled = {each["id"] for each in pool.get("/images", filter="unlabelled")["items"]}
    for strategy in ("auto", "coverage", "uncertain", "balance", "random"):
        answer = pool.get("/suggestions", limit=100, strategy=strategy)
        assert answer["strategy"] == strategy
        suggested = [each["image_id"] for each in answer["suggestions"]]
        assert suggested
        assert len(suggested) == len(set(suggested))
        assert set(suggested) <= unlabelled
        assert all(each["prediction"] for each in answer["suggestions"])


def test_where_every_image_is_labelled_nothing_is_suggested(api: Caller) -> None:
    api.teach("red", "green", each=2)
    for strategy in ("auto", "coverage", "uncertain", "balance", "unknown", "random"):
        assert api.get("/suggestions", strategy=strategy)["suggestions"] == []


def test_uncertainty_names_the_classes_between_which_it_hesitates(pool: Caller) -> None:
    pool.teach("red", "green", each=2)
    pool.patch("/classes/red", {"name": "Crimson"})
    suggestion = pool.get("/suggestions", limit=1, strategy="uncertain")["suggestions"][0]
    assert "Crimson" in suggestion["reason"]
    assert "green" in suggestion["reason"]


def test_a_class_with_few_labels_is_asked_for_by_name(pool: Caller) -> None:
    pool.teach("red", each=4)
    pool.teach("green", each=2)
    suggestion = pool.get("/suggestions", limit=1, strategy="balance")["suggestions"][0]
    assert suggestion["reason"] == "Looks like green, which has only 2 examples."
    assert suggestion["prediction"]["class_id"] == "green"


def test_labels_that_look_wrong_are_suggested_with_the_class_they_look_like(pool: Caller) -> None:
    pool.teach("red", "green", each=4)
    pool.post("/labels", {"labels": [{"image_id": 1, "class_id": "green"}]})
    first, *_ = pool.get("/suggestions", strategy="errors")["suggestions"]
    assert (first["image_id"], first["filename"]) == (1, pool.get("/images/1")["filename"])
    assert first["class_id"] == "green"
    assert first["reason"].startswith("Labelled green, but ")
    assert "red" in first["reason"]


def test_what_is_like_no_class_yet_is_suggested_as_such(pool: Caller) -> None:
    pool.teach("red", "green", each=4)
    answer = pool.get("/suggestions", limit=3)["suggestions"]
    reasons = {
        pool.get(f"/images/{each['image_id']}")["filename"].split("-")[0]: each["reason"]
        for each in answer
    }
    assert reasons["blue"] == "Unlike every class: perhaps one that is not named yet."


def test_the_strategy_unknown_suggests_nothing_else(pool: Caller) -> None:
    pool.teach("red", "green", each=4)
    for each in pool.get("/suggestions", strategy="unknown")["suggestions"]:
        assert each["reason"].startswith("Unlike every class")
        assert each["prediction"]["unknown"]


def test_before_two_classes_have_labels_there_is_nothing_to_weigh(pool: Caller) -> None:
    pool.teach("red", each=2)
    for strategy in ("uncertain", "balance", "unknown"):
        answer = pool.http.get("/suggestions", params={"strategy": strategy})
        problem_of(answer, 409, "too-few-classes")


def test_images_that_are_not_embedded_are_not_suggested(api: Caller) -> None:
    api.send("/images", parts("red", range(3)))
    assert api.get("/suggestions")["suggestions"] == []
