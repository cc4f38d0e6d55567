"""Suggestions: what to label next, each with its reason."""

from collections.abc import Callable

import pytest

from tests.pictures import parts
from tests.service.caller import Caller


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
        assert suggestion["reason"][0].isupper()
        assert suggestion["reason"].endswith(".")
        assert suggestion["prediction"] is None


def test_labelled_images_are_never_suggested(pool: Caller) -> None:
    pool.teach("red", "green", each=2)
    labels = [{"image_id": 1, "class_id": "red"}, {"image_id": 5, "class_id": "green"}]
    pool.post("/labels", {"labels": labels})
    unlabelled = {each["id"] for each in pool.get("/images", filter="unlabelled")["items"]}
    for strategy in ("auto", "coverage", "uncertain"):
        answer = pool.get("/suggestions", limit=100, strategy=strategy)
        assert answer["strategy"] == strategy
        suggested = [each["image_id"] for each in answer["suggestions"]]
        assert suggested
        assert len(suggested) == len(set(suggested))
        assert set(suggested) <= unlabelled
        assert all(each["prediction"] for each in answer["suggestions"])


def test_uncertainty_names_the_classes_between_which_it_hesitates(pool: Caller) -> None:
    pool.teach("red", "green", each=2)
    pool.patch("/classes/red", {"name": "Crimson"})
    suggestion = pool.get("/suggestions", limit=1, strategy="uncertain")["suggestions"][0]
    assert "Crimson" in suggestion["reason"]
    assert "green" in suggestion["reason"]


def test_images_that_are_not_embedded_are_not_suggested(api: Caller) -> None:
    api.send("/images", parts("red", range(3)))
    assert api.get("/suggestions")["suggestions"] == []
