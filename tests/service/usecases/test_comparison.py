"""Comparisons: of two sides on the same labels, each answering what it was not taught."""

from collections.abc import Callable

import pytest

from models.manifest import Manifest
from service.usecases.context import Context
from service.usecases.encoders import enter_encoder
from tests.pictures import parts
from tests.service.caller import Caller, problem_of


def test_a_version_that_knows_more_classes_is_better(api: Caller) -> None:
    api.teach("red", "green", "blue", each=6)
    found = api.get("/classifiers/compare", a=2, b=3)
    assert (found["a"], found["b"], found["count"]) == (2, 3, 18)
    assert found["accuracy_a"] == pytest.approx(2 / 3)
    assert found["accuracy_b"] == 1
    assert found["difference"] == pytest.approx(1 / 3)
    assert found["low"] < found["difference"] < found["high"]
    assert (found["p"], found["verdict"]) == (2 / 2**6, "version 3 is better by 33.3 points")
    assert {each["class_id"] for each in found["disagreements"]} == {"blue"}
    assert {each["b"] for each in found["disagreements"]} == {"blue"}
    assert len(found["disagreements"]) == 6
    back = api.get("/classifiers/compare", a=3, b=2)
    assert back["difference"] == -found["difference"]


def test_a_version_is_taught_by_its_own_labels_and_judged_by_the_present_ones(
    api: Caller,
) -> None:
    api.teach("red", "green", each=4)
    wrong = [each["id"] for each in api.get("/images", filter="class:red")["items"][:2]]
    changes = [{"image_id": image_id, "class_id": "green"} for image_id in wrong]
    version = api.post("/labels", {"labels": changes})["classifier_version"]
    api.label("red", parts("red", range(30, 33)))
    undone = [{"image_id": image_id, "class_id": "red"} for image_id in wrong]
    newest = api.post("/labels", {"labels": undone})["classifier_version"]
    found = api.get("/classifiers/compare", a=version, b=newest)
    assert found["accuracy_b"] == 1
    assert found["count"] == 11


def test_a_side_that_knows_nothing_without_an_image_gives_no_answer(api: Caller) -> None:
    api.teach("red", each=1)
    api.label("red", parts("red", range(10, 12)))
    found = api.get("/classifiers/compare", a=1, b=2)
    assert [(each["image_id"], each["a"], each["b"]) for each in found["disagreements"]] == [
        (1, None, "red")
    ]
    assert found["accuracy_a"] == pytest.approx(2 / 3)


def test_too_few_labels_to_compare_on_are_said_to_be(api: Caller) -> None:
    api.teach("red", "green", each=1)
    problem_of(api.http.get("/classifiers/compare", params={"a": 1, "b": 2}), 409, "too-few-labels")


def test_a_version_that_does_not_exist_is_named(api: Caller) -> None:
    api.teach("red", "green")
    answer = api.http.get("/classifiers/compare", params={"a": 1, "b": 9})
    assert "9" in problem_of(answer, 404, "unknown-classifier")["detail"]


def test_two_encoders_are_compared_on_what_both_have_embedded(
    api: Caller, work: Callable[[], int], context: Context, manifests: list[Manifest]
) -> None:
    api.teach("red", "green", each=4)
    first, second = manifests[0].encoder_id, manifests[1].encoder_id
    asked = {"a": first, "b": second}
    problem_of(api.http.get("/encoders/compare", params=asked), 404, "unknown-encoder")
    enter_encoder(context, "second", manifests[1])
    problem_of(api.http.get("/encoders/compare", params=asked), 409, "too-few-labels")
    api.patch("/projects/default", {"encoder_id": second})
    work()
    found = api.get("/encoders/compare", **asked)
    assert (found["a"], found["b"], found["count"]) == (first, second, 8)
    assert (found["accuracy_a"], found["accuracy_b"], found["difference"]) == (1, 1, 0)
    assert found["disagreements"] == []
