"""Embeddings: complete in the end, whatever is missing, and switched only when they are."""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from models.errors import EncoderError
from models.images import decode
from models.manifest import Manifest
from service.storage.embeddings import add_embeddings
from service.storage.projects import count_images
from service.usecases.context import Context
from service.usecases.embedding import finish_switches, open_crop
from service.usecases.encoders import enter_encoder
from service.usecases.jobs import list_jobs
from service.usecases.maintenance import tidy
from tests.pictures import part, parts, png
from tests.service.caller import Caller, problem_of


@pytest.fixture
def second(context: Context, manifests: list[Manifest]) -> str:
    """Another encoder that is registered but not used."""
    enter_encoder(context, "second", manifests[1])
    return manifests[1].encoder_id


@pytest.fixture
def first(api: Caller) -> str:
    return str(api.get("/encoders")["default_id"])


def test_another_encoder_takes_over_once_it_has_embedded_the_whole_pool(
    api: Caller, work: Callable[[], int], first: str, second: str
) -> None:
    api.teach("red", "green")
    api.send("/images", parts("blue", range(3)))
    work()
    project = api.patch("/projects/default", {"encoder_id": second})
    assert (project["encoder_id"], project["next_encoder_id"]) == (first, second)
    assert project["pending"] == 9
    asked = [part(png("red", 50))]
    assert api.send("/predict", asked)["classifier"] == {
        "version": 2,
        "kind": "auto",
        "encoder_id": first,
    }
    work()
    project = api.get("/projects/default")
    assert (project["encoder_id"], project["next_encoder_id"]) == (second, None)
    assert (project["pending"], project["active_version"]) == (0, 3)
    answer = api.send("/predict", asked)
    assert answer["classifier"]["encoder_id"] == second
    assert answer["predictions"][0]["class_id"] == "red"
    refused = problem_of(api.http.post("/classifiers/2/activate"), 409, "other-encoder")
    assert first in refused["detail"]


def test_until_then_labels_go_to_the_encoder_that_answers(
    api: Caller, work: Callable[[], int], first: str, second: str
) -> None:
    api.teach("red")
    api.patch("/projects/default", {"encoder_id": second})
    api.teach("green")
    newest = api.get("/classifiers")["classifiers"][0]
    assert (newest["encoder_id"], newest["classes"]) == (first, {"red": 3, "green": 3})
    work()
    newest = api.get("/classifiers")["classifiers"][0]
    assert (newest["encoder_id"], newest["classes"]) == (second, {"red": 3, "green": 3})


def test_half_a_pool_switches_nothing(
    api: Caller, context: Context, first: str, second: str
) -> None:
    images = api.send("/images", parts("red", range(34)))["images"]
    ids = [image["id"] for image in images]
    api.patch("/projects/default", {"encoder_id": second})
    vectors = np.zeros((len(ids), 32), np.float32)
    with context.database.write() as session:
        add_embeddings(session, second, ids[:17], vectors[:17])
    finish_switches(context)
    assert api.get("/projects/default")["encoder_id"] == first
    with context.database.write() as session:
        add_embeddings(session, second, ids, vectors)
    finish_switches(context)
    assert api.get("/projects/default")["encoder_id"] == second


def test_numbers_that_are_not_finite_are_never_kept(
    api: Caller, context: Context, second: str
) -> None:
    images = api.send("/images", parts("red", range(2)))["images"]
    ids = [image["id"] for image in images]
    vectors = np.array([[1] * 32, [np.nan] * 32], np.float32)
    with (
        pytest.raises(EncoderError, match=f"not finite, first for image {ids[1]}"),
        context.database.write() as session,
    ):
        add_embeddings(session, second, ids, vectors)
    with context.database.read() as session:
        assert count_images(session, "default", embedded_by=second) == 0


def test_a_switch_back_is_immediate(
    api: Caller, work: Callable[[], int], first: str, second: str
) -> None:
    api.teach("red")
    api.patch("/projects/default", {"encoder_id": second})
    work()
    project = api.patch("/projects/default", {"encoder_id": first})
    assert (project["encoder_id"], project["next_encoder_id"]) == (first, None)
    assert api.get("/classifiers")["classifiers"][0]["encoder_id"] == first


def test_a_switch_can_be_called_off(api: Caller, first: str, second: str) -> None:
    api.teach("red")
    api.patch("/projects/default", {"encoder_id": second})
    project = api.patch("/projects/default", {"encoder_id": first})
    assert (project["encoder_id"], project["next_encoder_id"]) == (first, None)
    unknown = api.http.patch("/projects/default", json={"encoder_id": "nobody"})
    problem_of(unknown, 404, "unknown-encoder")


def test_an_empty_project_switches_at_once(api: Caller, second: str) -> None:
    assert api.patch("/projects/default", {"encoder_id": second})["encoder_id"] == second
    assert not api.get("/jobs")["jobs"]


def test_a_missing_file_holds_up_no_other_image(
    api: Caller, context: Context, work: Callable[[], int]
) -> None:
    images = api.send("/images", parts("red", range(3)))["images"]
    context.images.delete(images[0]["sha256"])
    damaged = Path(context.settings.store) / "images" / images[1]["sha256"][:2]
    (damaged / images[1]["sha256"]).write_bytes(b"damaged")
    work()
    embedded = {each["id"]: each["embedded"] for each in api.get("/images")["items"]}
    assert embedded == {1: False, 2: False, 3: True}
    job = api.get("/jobs")["jobs"][0]
    assert job["state"] == "failed"
    assert "2 images" in job["error"]
    tidy(context)
    assert len(list_jobs(context)) == 1, "not started over and over"
    api.delete("/images/1")
    api.delete("/images/2")
    assert api.get("/images")["pending"] == 0


def test_an_image_larger_than_todays_limit_is_embedded_all_the_same(
    api: Caller, work: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    api.send("/images", parts("red", range(2)))
    assert decode.__kwdefaults__ is not None
    monkeypatch.setitem(decode.__kwdefaults__, "max_pixels", 10)
    work()
    assert api.get("/images")["pending"] == 0


def test_projects_with_the_same_encoder_share_a_job_but_not_their_pools(
    api: Caller, work: Callable[[], int]
) -> None:
    api.post("/projects", {"name": "Other"})
    api.send("/images", parts("red", range(2)))
    api.send("/images", parts("red", range(3)), project="other")
    assert work() == 1
    assert [api.get("/images", project=p)["pending"] for p in ("default", "other")] == [0, 0]
    near = api.get("/images/1/neighbours", limit=100)["neighbours"]
    assert [each["image_id"] for each in near] == [2]


def test_a_project_deleted_under_way_stops_nothing(
    api: Caller, context: Context, work: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    api.post("/projects", {"name": "Other"})
    api.label(api.make_class("Red", project="other"), parts("red", range(20)), project="other")
    api.label(api.make_class("Red"), parts("red", range(20)))

    first = threading.Lock()

    def delete_then_open(*args: object) -> object:
        if first.acquire(blocking=False):
            api.delete("/projects/other")
        return open_crop(*args)  # type: ignore[arg-type]

    monkeypatch.setattr("worker.share.open_crop", delete_then_open)
    work()
    assert api.get("/jobs")["jobs"][0]["state"] == "succeeded"
    assert api.get("/classifiers")["classifiers"][0]["classes"] == {"red": 20}
