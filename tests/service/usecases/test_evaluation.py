"""Evaluations: of held-out answers alone, honest with few labels, never in the way of others."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from service.usecases.context import Context
from service.usecases.judgements import judge
from tests.pictures import parts
from tests.service.caller import Caller, problem_of


def test_before_there_is_a_label_it_says_what_to_do(api: Caller) -> None:
    problem_of(api.http.get("/evaluation"), 409, "no-examples")


def test_one_label_tells_nothing_but_that_it_is_too_few(api: Caller) -> None:
    api.teach("red", each=1)
    found = api.get("/evaluation")
    assert (found["version"], found["estimate"], found["forecast"]) == (1, None, None)
    assert found["calibration_error"] is None
    assert found["verdict"] == "too few labels to say"
    assert "not enough labels" in found["note"]
    assert found["classes"] == [
        {"class_id": "red", "label": "red", "examples": 1, "precision": None, "recall": None}
    ]
    assert found["confusion"] == found["curve"] == found["suspects"] == []


def test_a_wrong_label_is_found_and_stands_in_its_cell(api: Caller) -> None:
    api.teach("red", "green", each=6)
    wrong = api.label("green", parts("red", range(20, 21)))["examples"][0]["image_id"]
    found = api.get("/evaluation")
    assert (found["suspects"][0]["image_id"], found["suspects"][0]["class_id"]) == (wrong, "green")
    assert found["suspects"][0]["suggested_class_id"] == "red"
    cells = {(each["actual"], each["predicted"]): each for each in found["confusion"]}
    assert cells["green", "red"] == {
        "actual": "green",
        "predicted": "red",
        "count": 1,
        "image_ids": [wrong],
    }
    assert found["estimate"]["count"] == sum(each["count"] for each in found["confusion"]) == 13
    recall = {each["class_id"]: each["recall"] for each in found["classes"]}
    assert (recall["red"]["value"], recall["green"]["count"]) == (1, 7)
    assert [each["labels"] for each in found["curve"]] == sorted(
        each["labels"] for each in found["curve"]
    )
    assert found["forecast"]["labels"] == 23


def test_a_label_corrected_since_is_no_suspect_of_an_older_version(api: Caller) -> None:
    api.teach("red", "green", each=6)
    added = api.label("green", parts("red", range(20, 21)))
    wrong = added["examples"][0]["image_id"]
    assert wrong in [each["image_id"] for each in api.get("/evaluation")["suspects"]]
    api.post("/classes/red/examples", {"image_ids": [wrong]})
    api.post(f"/classifiers/{added['classifier_version']}/activate")
    found = api.get("/evaluation")
    assert found["version"] == added["classifier_version"]
    assert wrong not in [each["image_id"] for each in found["suspects"]]


def test_a_label_that_was_kept_is_not_asked_about_again_until_it_is_changed(api: Caller) -> None:
    api.teach("red", "green", each=6)
    wrong = api.label("green", parts("red", range(20, 21)))["examples"][0]["image_id"]

    def doubted() -> bool:
        return wrong in [each["image_id"] for each in api.get("/evaluation")["suspects"]]

    def set_label(name: str) -> None:
        api.post("/labels", {"labels": [{"image_id": wrong, "class_id": name}]})

    assert doubted()
    version = api.get("/evaluation")["version"]
    set_label("green")
    assert (doubted(), api.get("/evaluation")["version"]) == (False, version)
    errors = api.get("/suggestions", strategy="errors")["suggestions"]
    assert wrong not in [each["image_id"] for each in errors]
    set_label("red")
    set_label("green")
    assert doubted()


def test_of_a_hundred_answers_it_says_how_honest_their_probabilities_are(
    api: Caller, work: Callable[[], int]
) -> None:
    api.teach("red", "green", each=50)
    work()
    found = api.get("/evaluation")
    assert found["estimate"]["count"] == 100
    assert 0 <= found["calibration_error"] < 0.1


def test_it_is_of_the_version_that_answers_and_of_its_labels(api: Caller) -> None:
    api.teach("red", "green", "blue")
    api.post("/classifiers/2/activate")
    found = api.get("/evaluation")
    assert found["version"] == 2
    assert [each["class_id"] for each in found["classes"]] == ["green", "red"]


def test_a_class_is_called_by_its_present_name(api: Caller) -> None:
    api.teach("red", "green")
    api.get("/evaluation")
    api.patch("/classes/red", {"name": "Crimson"})
    assert api.get("/evaluation")["classes"][1]["label"] == "Crimson"


def test_an_image_deleted_since_is_in_no_cell(api: Caller) -> None:
    """Two deletions make two versions: the one before them is asked again each time."""
    api.teach("red", "green", each=4)
    for gone in (1, 2):
        api.delete(f"/images/{gone}")
        api.post("/classifiers/2/activate")
        cells = api.get("/evaluation")["confusion"]
        shown = {image_id for cell in cells for image_id in cell["image_ids"]}
        assert shown == set(range(gone + 1, 9))


def test_images_that_are_gone_leave_nothing_to_evaluate(api: Caller) -> None:
    api.teach("red", "green", each=1)
    api.delete("/images/1")
    api.post("/classifiers/1/activate")
    problem_of(api.http.get("/evaluation"), 409, "labels-gone")


def test_a_version_is_judged_once_and_nobody_waits_for_it(
    api: Caller, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one is worked out, labels are set, files predicted, and no database is held."""
    api.teach("red", "green")
    started, over, times = threading.Event(), threading.Event(), []

    def slow(*args: Any) -> Any:
        times.append(1)
        started.set()
        assert over.wait(120)
        return judge(*args)

    monkeypatch.setattr("service.usecases.evaluation.judge", slow)
    versions = []
    asking = [
        threading.Thread(target=lambda: versions.append(api.get("/evaluation")["version"]))
        for _ in range(3)
    ]
    for thread in asking:
        thread.start()
    assert started.wait(120)
    assert api.label("green", parts("green", range(40, 41)))["classifier_version"] == 3
    assert api.send("/predict", parts("red", [50]))["classifier"]["version"] == 3
    over.set()
    for thread in asking:
        thread.join()
    assert set(versions) <= {2, 3}
    assert len(times) == len(set(versions))
