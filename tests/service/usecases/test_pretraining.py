"""A pretraining: what can be asked for, what is refused and why, and how one is taken up again."""

import json
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from models.manifest import Manifest
from models.pretraining.recipes import PRESETS
from service.app import create_app
from service.domain.entities import now
from service.storage import jobs
from service.usecases.context import Context
from service.usecases.encoders import enter_encoder
from service.usecases.jobs import start_job
from service.usecases.maintenance import collect_garbage
from service.usecases.pretraining import RUN_KEPT_FOR
from tests.pictures import parts
from tests.random_encoders import TINY
from tests.service.caller import Caller, Response, problem_of
from tests.service.server import serve

BATCH = PRESETS["cpu-32"].batch


@pytest.fixture
def pool(api: Caller) -> None:
    """Just enough images for the smallest preset."""
    api.send("/images", parts("red", range(BATCH)))


def ask(api: Caller, project: str = "default", **payload: Any) -> Response:
    body = {"kind": "pretrain", "payload": {"preset": "cpu-32"} | payload}
    return api.http.post("/jobs", json=body, params={"project": project})


def start(api: Caller, **payload: Any) -> dict[str, Any]:
    response = ask(api, **payload)
    assert response.status_code == 202, response.text
    job: dict[str, Any] = response.json()
    return job


def claim(context: Context, job_id: str) -> int:
    """Take the job as a worker does; the number of the attempt."""
    with context.database.write() as session:
        assert jobs.claim(session, job_id)
        return jobs.get_job(session, job_id).attempts


def test_presets_say_what_they_take(api: Caller) -> None:
    presets = {each["name"]: each for each in api.get("/presets")["presets"]}
    assert list(presets) == list(PRESETS)
    small = presets["cpu-32"]
    assert (small["image_size"], small["batch"], small["device"]) == (32, BATCH, "cpu")
    assert presets["vit-s16"]["device"] == "gpu"
    assert all(each["description"] for each in presets.values())


def test_a_preset_names_the_encoders_that_it_can_go_on_from(
    api: Caller, context: Context, manifests: list[Manifest]
) -> None:
    vit = replace(PRESETS["cpu-32"].vit, image_size=TINY.image_size, norm_eps=1e-5)
    changed = {"architecture": vit, "dimension": vit.width}
    fitting = manifests[1].model_copy(update=changed)
    enter_encoder(context, "second", fitting)
    starts = {each["name"]: each["starts_from"] for each in api.get("/presets")["presets"]}
    assert starts["cpu-32"] == [fitting.encoder_id]
    assert starts["vit-s16"] == []


@pytest.mark.usefixtures("pool")
def test_a_pretraining_is_queued_for_its_project(api: Caller) -> None:
    job = start(api, epochs=2, settings={"mask_ratio": 0.3, "structured_start": False})
    assert (job["kind"], job["state"], job["project_id"]) == ("pretrain", "queued", "default")
    assert job["payload"] == {
        "preset": "cpu-32",
        "epochs": 2,
        "start_from": None,
        "settings": {"mask_ratio": "0.3", "structured_start": "false"},
    }
    again = {"settings": {"mask_ratio": 0.3, "structured_start": False}}
    assert start(api, epochs=2, **again)["id"] == job["id"]
    assert start(api, epochs=3, **again)["id"] != job["id"]
    api.post("/projects", {"name": "Other"})
    api.send("/images", parts("red", range(BATCH)), project="other")
    assert start(api, project="other", epochs=2, **again)["id"] != job["id"]


def test_a_pool_that_is_too_small_is_refused_with_advice(api: Caller) -> None:
    assert "no image" in problem_of(ask(api), 409, "empty-pool")["detail"]
    api.send("/images", parts("red", range(1)))
    assert "one image" in problem_of(ask(api), 409, "empty-pool")["detail"]
    api.send("/images", parts("red", range(1, 12)))
    detail = problem_of(ask(api), 409, "pool-too-small")["detail"]
    assert "12 images" in detail
    assert f"add {BATCH - 12} images" in detail
    assert "batch to 12" in detail
    start(api, settings={"batch": 12})
    api.send("/images", parts("red", range(12, BATCH)))
    larger = problem_of(ask(api, preset="cpu-64"), 409, "pool-too-small")
    assert f"preset 'cpu-32' ({BATCH})" in larger["detail"]


@pytest.mark.usefixtures("pool")
def test_what_makes_no_sense_is_refused(api: Caller) -> None:
    unknown = problem_of(ask(api, preset="cpu-1"), 404, "unknown-preset")
    assert "cpu-64" in unknown["detail"]
    problem_of(ask(api, project="nobody"), 404, "unknown-project")
    problem_of(ask(api, start_from="nobody"), 404, "unknown-encoder")
    bad = problem_of(ask(api, settings={"mask_ration": 0.3}), 422, "bad-setting")
    assert "mask_ration" in bad["detail"]
    problem_of(ask(api, settings={"mask_ratio": "much"}), 422, "bad-setting")
    for wrong in ({"epochs": 0}, {"epochs": "many"}, {"preset": 7}, {"more": 1}):
        problem_of(ask(api, **wrong), 422, "malformed-request")
    assert not [each for each in api.get("/jobs")["jobs"] if each["kind"] == "pretrain"]


@pytest.mark.usefixtures("pool")
def test_an_encoder_of_another_architecture_is_no_start(api: Caller) -> None:
    encoder = api.get("/encoders")["default_id"]
    detail = problem_of(ask(api, start_from=encoder), 409, "other-architecture")["detail"]
    assert "width 32" in detail
    assert f"width {PRESETS['cpu-32'].vit.width}" in detail


@pytest.mark.usefixtures("pool")
def test_a_cancelled_pretraining_is_resumed(api: Caller) -> None:
    job_id = start(api)["id"]
    problem_of(api.http.post(f"/jobs/{job_id}/resume"), 409, "not-resumable")
    api.http.delete(f"/jobs/{job_id}")
    resumed = api.http.post(f"/jobs/{job_id}/resume")
    assert resumed.status_code == 202
    assert (resumed.json()["state"], resumed.json()["finished_at"]) == ("queued", None)


def test_only_a_pretraining_resumes(api: Caller) -> None:
    job_id = api.send("/images", parts("red", range(1)))["job_id"]
    api.http.delete(f"/jobs/{job_id}")
    problem_of(api.http.post(f"/jobs/{job_id}/resume"), 409, "not-resumable")


@pytest.mark.usefixtures("pool")
def test_pretrainings_are_found_among_many_other_jobs(api: Caller, context: Context) -> None:
    job_id = start(api)["id"]
    for number in range(3):
        start_job(context, "embed", {"encoder_id": str(number)})
    assert job_id not in [each["id"] for each in api.get("/jobs", limit=3)["jobs"]]
    assert [each["id"] for each in api.get("/jobs", limit=3, kind="pretrain")["jobs"]] == [job_id]
    problem_of(api.http.get("/jobs?kind=evaluate"), 422, "malformed-request")


def events_of(api: Caller, path: str, **headers: str) -> list[tuple[str, dict[str, Any]]]:
    with api.http.stream("GET", path, headers=headers) as response:
        return events_in("".join(response.iter_text()))


def events_in(text: str) -> list[tuple[str, dict[str, Any]]]:
    blocks = [
        dict(line.split(": ", 1) for line in block.split("\n"))
        for block in text.split("\n\n")
        if block
    ]
    return [(block["event"], json.loads(block["data"])) for block in blocks]


@pytest.mark.usefixtures("pool")
def test_records_are_listed_and_streamed_as_they_come(api: Caller, context: Context) -> None:
    job_id = start(api)["id"]
    attempt = claim(context, job_id)

    def record(**content: object) -> None:
        with context.database.write() as session:
            jobs.add_record(session, job_id, attempt, content)

    def finish() -> None:
        record(step=40, total=3.1, knn=0.5)
        with context.database.write() as session:
            jobs.finish(session, job_id, attempt, "succeeded")

    record(event="started", surprise=1)
    record(step=20, total=3.5)
    listed = api.get(f"/jobs/{job_id}/records")["records"]
    assert listed == [{"number": 1, "event": "started"}, {"number": 2, "step": 20, "total": 3.5}]
    assert api.get(f"/jobs/{job_id}/records", after=1)["records"] == listed[1:]

    threading.Timer(0.7, finish).start()
    events = events_of(api, f"/jobs/{job_id}/events")
    assert [content for kind, content in events if kind == "record"] == [
        *listed,
        {"number": 3, "step": 40, "total": 3.1, "knn": 0.5},
    ]
    assert events[-1][0] == "job", "all that it said comes before its end"
    assert events[-1][1]["state"] == "succeeded"
    for again in (
        events_of(api, f"/jobs/{job_id}/events?after=2"),
        events_of(api, f"/jobs/{job_id}/events", **{"Last-Event-ID": "2"}),
    ):
        assert [content["number"] for kind, content in again if kind == "record"] == [3]
    beyond = events_of(api, f"/jobs/{job_id}/events", **{"Last-Event-ID": "9" * 10})
    assert [kind for kind, _ in beyond] == ["job"]


def test_a_stream_of_events_ends_when_its_project_is_deleted(api: Caller, context: Context) -> None:
    api.post("/projects", {"name": "Other"})
    api.send("/images", parts("red", range(BATCH)), project="other")
    job_id = ask(api, project="other").json()["id"]
    with (
        serve(create_app(context.settings)) as address,
        httpx.stream("GET", f"{address}/jobs/{job_id}/events", timeout=60) as response,
    ):
        said = response.iter_text()
        first = next(said)
        api.delete("/projects/other")
        events = events_in(first + "".join(said))
    assert [content["state"] for _, content in events] == ["queued"]
    problem_of(api.http.get(f"/jobs/{job_id}/events"), 404, "unknown-job")


@pytest.mark.usefixtures("pool")
def test_the_folder_of_a_run_stays_as_long_as_it_may_go_on(api: Caller, context: Context) -> None:
    waiting, done = start(api)["id"], start(api, epochs=1)["id"]
    runs = context.settings.runs_dir
    for name in (waiting, done, "unknown"):
        (runs / name).mkdir(parents=True)
    attempt = claim(context, done)
    with context.database.write() as session:
        jobs.finish(session, done, attempt, "succeeded")
    api.http.delete(f"/jobs/{waiting}")
    collect_garbage(context)
    assert [each.name for each in runs.iterdir()] == [waiting]


@pytest.mark.usefixtures("pool")
def test_a_run_that_was_cancelled_long_ago_leaves_no_folder(api: Caller, context: Context) -> None:
    old, fresh = start(api)["id"], start(api, epochs=1)["id"]
    runs = context.settings.runs_dir
    for name in (old, fresh):
        (runs / name).mkdir(parents=True)
        api.http.delete(f"/jobs/{name}")
    with context.database.write() as session:
        jobs.get_job(session, old).finished_at = now() - RUN_KEPT_FOR - timedelta(minutes=1)
    collect_garbage(context)
    assert [each.name for each in runs.iterdir()] == [fresh]
