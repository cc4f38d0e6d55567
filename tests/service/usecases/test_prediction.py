"""Predictions: in the order of the input, calibrated, with the nearest examples."""

from collections.abc import Callable

import numpy as np
import pytest
from sqlalchemy import update

from models.features import normalise
from models.images import decode
from service.storage.tables import ClassifierRow
from service.usecases.context import Context
from tests.pictures import part, parts, png
from tests.service.caller import Caller, problem_of


def test_predictions_come_in_the_order_of_the_files(api: Caller) -> None:
    api.teach("red", "green", "blue")
    colours = ["blue", "red", "green", "red", "blue"]
    files = [part(png(colour, 50 + i), f"{i}.png") for i, colour in enumerate(colours)]
    answer = api.send("/predict", files)
    assert [each["filename"] for each in answer["predictions"]] == [f"{i}.png" for i in range(5)]
    assert [each["class_id"] for each in answer["predictions"]] == colours
    assert [each["label"] for each in answer["predictions"]] == colours
    active = api.get("/projects/default")["active_version"]
    encoder = api.get("/encoders")["default_id"]
    assert answer["classifier"] == {"version": active, "kind": "auto", "encoder_id": encoder}
    assert api.get("/images")["total"] == 9, "predicted files are not kept"


def test_scores_are_a_distribution_and_its_best_is_the_answer(api: Caller) -> None:
    api.teach("red", "green", "blue")
    for prediction in api.send("/predict", parts("green", range(50, 53)))["predictions"]:
        scores = prediction["scores"]
        assert sum(scores.values()) == pytest.approx(1)
        assert prediction["probability"] == max(scores.values())
        assert scores[prediction["class_id"]] == max(scores.values())
        assert isinstance(prediction["unknown"], bool)


def test_an_answer_is_explained_where_that_is_asked_for_and_else_as_it_was(api: Caller) -> None:
    api.teach("red", "green", each=10)
    asked = parts("green", [50])
    plain = api.send("/predict", asked)["predictions"][0]
    explained = api.send("/predict", asked, explain=True)["predictions"][0]
    more = {name: explained.pop(name) for name in ("set", "coverage", "unknown_score", "note")}
    assert explained == plain
    assert more["set"] == ["green"]
    assert 0.5 < more["coverage"] <= 1
    assert 0 <= more["unknown_score"] <= 1
    assert more["note"] is None


def test_a_version_of_an_older_release_says_that_it_has_no_sets(
    api: Caller, context: Context
) -> None:
    api.teach("red", "green")
    with context.database.write() as session:
        session.execute(update(ClassifierRow).values(labels=None, metrics=None))
    answer = api.send("/predict", parts("red", [50]), explain=True)["predictions"][0]
    assert answer["note"] == "fitted by an older release, which measured no sets"


def test_images_of_the_pool_are_explained_too(api: Caller) -> None:
    api.teach("red", "green", each=1)
    answer = api.post("/predict", {"image_ids": [1]}, explain=True)["predictions"][0]
    assert (answer["set"], answer["coverage"]) == (None, None)
    assert answer["note"].startswith("not enough labels to say")


def test_neighbours_are_the_nearest_examples(api: Caller, context: Context) -> None:
    api.teach("red", "green", each=4)
    api.send("/images", parts("red", range(20, 24)))  # unlabelled: never neighbours here
    encoder = context.encoders.get(str(api.get("/encoders")["default_id"]))
    asked = encoder.embed([decode(png("red", 50)).image])
    items = [each for c in ("red", "green") for each in api.get(f"/classes/{c}/examples")["items"]]
    originals = [api.http.get(f"/images/{each['image_id']}/file").content for each in items]
    known = encoder.embed([decode(data).image for data in originals])
    cosines = (normalise(known) @ normalise(asked).T)[:, 0]
    best = np.argsort(-cosines)[:5]
    found = api.send("/predict", [part(png("red", 50))])["predictions"][0]["neighbours"]
    assert [each["image_id"] for each in found] == [items[i]["image_id"] for i in best]
    assert [each["class_id"] for each in found] == [items[i]["class_id"] for i in best]
    assert [each["similarity"] for each in found] == pytest.approx(cosines[best], abs=1e-4)


def test_a_file_and_the_same_image_in_the_pool_get_the_same_answer(
    api: Caller, work: Callable[[], int]
) -> None:
    api.teach("red", "green", "blue")
    colours = ["green", "blue", "red"]
    files = [part(png(colour, 70), f"{colour}.png") for colour in colours]
    ids = [each["id"] for each in api.send("/images", files)["images"]]
    work()
    by_file = api.send("/predict", files)["predictions"]
    by_id = api.post("/predict", {"image_ids": ids})["predictions"]
    listed = {each["id"]: each["prediction"] for each in api.get("/images")["items"]}
    assert [each["image_id"] for each in by_id] == ids
    assert [each["image_id"] for each in by_file] == [None] * 3
    for file, stored in zip(by_file, by_id, strict=True):
        assert file["filename"] == stored["filename"]
        assert file["class_id"] == stored["class_id"]
        assert file["scores"] == pytest.approx(stored["scores"], abs=1e-3)
        shown = listed[stored["image_id"]]
        assert shown["class_id"] == stored["class_id"]
        assert shown["probability"] == pytest.approx(stored["probability"], abs=1e-6)
        assert shown["unknown"] == stored["unknown"]


def test_ids_are_answered_in_their_order_and_as_often_as_asked(api: Caller) -> None:
    api.teach("red", "green", each=2)
    predictions = api.post("/predict", {"image_ids": [3, 1, 3]})["predictions"]
    assert [each["image_id"] for each in predictions] == [3, 1, 3]


def test_what_is_like_nothing_labelled_is_unknown(api: Caller) -> None:
    api.teach("red", "green", each=8)
    answers = api.send("/predict", [*parts("red", range(60, 64)), *parts("blue", range(4))])
    unknown = [each["unknown"] for each in answers["predictions"]]
    assert not any(unknown[:4])
    assert all(unknown[4:])


def test_before_any_example_the_answer_says_what_to_do(api: Caller) -> None:
    for response in (
        api.http.post("/predict", files=[part(png("red"))]),
        api.http.post("/predict", json={"image_ids": [1]}),
    ):
        problem = problem_of(response, 409, "no-examples")
        assert "POST /classes" in problem["detail"]
    api.make_class("Empty")
    problem_of(api.http.post("/predict", files=[part(png("red"))]), 409, "no-examples")


def test_one_class_is_the_only_answer(api: Caller) -> None:
    api.teach("red", each=1)
    prediction = api.send("/predict", [part(png("green"))])["predictions"][0]
    assert (prediction["class_id"], prediction["scores"]) == ("red", {"red": 1.0})


def test_an_image_that_is_not_embedded_yet_cannot_be_predicted(api: Caller) -> None:
    api.teach("red", each=1)
    waiting = api.send("/images", parts("green", range(1)))["images"][0]["id"]
    refused = api.http.post("/predict", json={"image_ids": [1, waiting]})
    assert str(waiting) in problem_of(refused, 409, "not-embedded")["detail"]
    refused = api.http.get(f"/images/{waiting}/neighbours")
    problem_of(refused, 409, "not-embedded")


def test_images_of_another_project_are_unknown_here(api: Caller) -> None:
    api.teach("red", each=1)
    api.post("/projects", {"name": "Other"})
    api.teach("green", each=1, project="other")
    refused = api.http.post("/predict", json={"image_ids": [1, 2]})
    assert "2" in problem_of(refused, 404, "unknown-image")["detail"]
