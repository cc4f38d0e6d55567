"""Versions: listed, measured, rolled back to, never of another encoder."""

from collections.abc import Callable

from sqlalchemy import update

from service.storage.tables import ClassifierRow
from service.usecases.context import Context
from tests.pictures import part, parts, png
from tests.service.caller import Caller, problem_of


def test_the_newest_version_is_first_and_active(api: Caller) -> None:
    api.teach("red", "green")
    versions = api.get("/classifiers")["classifiers"]
    assert [each["version"] for each in versions] == [2, 1]
    assert [each["active"] for each in versions] == [True, False]
    assert api.get("/classifiers/1") == versions[1]
    assert len(api.get("/classifiers", limit=1)["classifiers"]) == 1


def test_a_version_keeps_the_labels_that_it_was_fitted_on(api: Caller) -> None:
    api.teach("red", "green", each=2)
    api.delete("/images/2")
    api.post("/labels", {"labels": [{"image_id": 1, "class_id": "green"}]})
    kept = {
        version: {
            each["image_id"]: each["class_id"]
            for each in api.get(f"/classifiers/{version}/labels")["labels"]
        }
        for version in (2, 4)
    }
    assert kept == {
        2: {1: "red", 2: "red", 3: "green", 4: "green"},
        4: {1: "green", 3: "green", 4: "green"},
    }
    assert [api.get(f"/classifiers/{version}")["labels"] for version in (2, 3, 4)] == [4, 3, 3]
    problem_of(api.http.get("/classifiers/9/labels"), 404, "unknown-classifier")


def test_a_version_says_what_was_measured_while_it_was_fitted(api: Caller) -> None:
    api.teach("red", each=1)
    metrics = api.get("/classifiers/1")["metrics"]
    assert metrics["note"].startswith("not enough labels to say")
    assert (metrics["head"], metrics["coverage"]) == ("labels", None)
    assert 0 < metrics["fit_seconds"] < 5


def test_a_version_of_a_release_that_kept_no_labels_says_so(api: Caller, context: Context) -> None:
    api.teach("red")
    with context.database.write() as session:
        session.execute(update(ClassifierRow).values(labels=None, metrics=None))
    assert api.get("/classifiers/1")["metrics"] is None
    problem_of(api.http.get("/classifiers/1/labels"), 409, "no-snapshot")


def test_an_older_version_can_answer_again_until_a_label_changes(api: Caller) -> None:
    api.teach("red", "green", "blue")
    assert api.post("/classifiers/2/activate")["active"]
    assert api.get("/projects/default")["active_version"] == 2
    answer = api.send("/predict", [part(png("blue", 50))])
    assert answer["classifier"]["version"] == 2
    assert set(answer["predictions"][0]["scores"]) == {"red", "green"}
    assert {each["prediction"]["class_id"] for each in api.get("/images")["items"]} == {
        "red",
        "green",
    }
    api.label("blue", parts("blue", range(60, 61)))
    answer = api.send("/predict", [part(png("blue", 50))])
    assert answer["classifier"]["version"] == 4
    assert answer["predictions"][0]["class_id"] == "blue"


def test_a_rolled_back_version_speaks_of_classes_that_are_gone(api: Caller) -> None:
    api.teach("red", "green")
    api.delete("/classes/green", delete_examples=True)
    api.post("/classifiers/2/activate")
    prediction = api.send("/predict", [part(png("green", 50))])["predictions"][0]
    assert (prediction["class_id"], prediction["label"]) == ("green", "green")
    problem_of(api.http.get("/images", params={"filter": "predicted:green"}), 404, "unknown-class")


def test_new_images_do_not_undo_a_rollback(api: Caller, work: Callable[[], int]) -> None:
    api.teach("red", "green")
    api.post("/classifiers/1/activate")
    api.send("/images", parts("blue", range(2)))
    work()
    assert api.get("/projects/default")["active_version"] == 1


def test_the_estimate_needs_a_class_with_two_labels(api: Caller) -> None:
    api.teach("red", "green", each=1)
    assert api.get("/projects/default")["estimate"] is None
    api.label("red", parts("red", range(5, 8)))
    api.label("green", parts("green", range(5, 8)))
    estimate = api.get("/projects/default")["estimate"]
    # All eight were answered right, which proves less than that all images will be.
    assert 0.9 < estimate["accuracy"] < 1
    assert estimate["low"] < estimate["accuracy"] < estimate["high"]
    assert estimate["count"] == 8
    assert api.get("/classifiers")["classifiers"][0]["estimate"] == estimate


def test_the_kind_of_classifier_is_the_projects_choice(api: Caller) -> None:
    api.teach("red", "green")
    for version, kind in enumerate(("auto", "logistic", "prototype"), start=2):
        assert api.patch("/projects/default", {"classifier": kind})["classifier"] == kind
        newest = api.get("/classifiers")["classifiers"][0]
        assert (newest["kind"], newest["version"]) == (kind, version)
        answer = api.send("/predict", [part(png("red", 50))])
        assert answer["classifier"]["kind"] == kind
        assert answer["predictions"][0]["class_id"] == "red"
