"""The job that makes a map: killed, cancelled, and done again."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from service.storage.jobs import requeue_orphans
from service.usecases.context import Context
from service.usecases.jobs import cancel_job, get_job, start_job
from service.usecases.mapping import read_map
from tests.pictures import parts
from tests.service.caller import Caller
from worker import mapping
from worker.mapping import make_map
from worker.running import RunningJob, claim


class Killed(BaseException):
    """As abrupt as a signal: nothing of the job's own may tidy up after it."""


@pytest.fixture(autouse=True)
def _few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """How well a map is laid out is tested with the model."""
    monkeypatch.setattr("models.maps.tsne.STEPS", 60)


@pytest.fixture
def job_id(api: Caller, work: Callable[[], int]) -> str:
    api.send("/images", parts("red", range(60)))
    work()
    return str(api.post("/jobs", {"kind": "map", "payload": {}})["id"])


def run(context: Context, job_id: str, handler: Callable[[RunningJob], None] = make_map) -> None:
    running = claim(context, job_id, threading.Event())
    assert running is not None
    running.run(handler)


def test_a_worker_that_dies_is_followed_by_one_that_makes_the_same_map(
    context: Context, job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapping, "REPORT_SECONDS", 0)

    def dying(running: RunningJob) -> None:
        report = running.report

        def until_half(**progress: object) -> None:
            report(**progress)  # type: ignore[arg-type]
            if progress["done"] >= 50:
                raise Killed

        running.report = until_half  # type: ignore[method-assign]
        make_map(running)

    with pytest.raises(Killed):
        run(context, job_id, dying)
    assert get_job(context, job_id).state == "running"
    with context.database.write() as session:
        requeue_orphans(session, timedelta(0), 5)
    run(context, job_id)
    job = get_job(context, job_id)
    assert (job.state, job.attempts, job.done, job.total) == ("succeeded", 2, 100, 100)
    made = read_map(context, "default")
    run(context, start_job(context, "map", job.payload, "default").id)
    again = read_map(context, "default")
    assert again.version > made.version
    assert again.x.tolist() == made.x.tolist()
    assert again.y.tolist() == made.y.tolist()


def test_a_cancelled_job_leaves_the_earlier_map(context: Context, job_id: str) -> None:
    run(context, job_id)
    version = read_map(context, "default").version
    second = start_job(context, "map", get_job(context, job_id).payload, "default")

    def cancelled_at_once(running: RunningJob) -> None:
        cancel_job(context, running.job.id)
        running._lost.set()  # what its next beat would find
        make_map(running)

    run(context, second.id, cancelled_at_once)
    assert get_job(context, second.id).state == "cancelled"
    assert read_map(context, "default").version == version


def test_a_pool_that_was_emptied_meanwhile_fails_with_words(
    api: Caller, context: Context, job_id: str
) -> None:
    for image_id in range(1, 61):
        api.delete(f"/images/{image_id}")
    run(context, job_id)
    job = get_job(context, job_id)
    assert job.state == "failed"
    assert "nothing to map" in str(job.error)


def test_a_project_deleted_meanwhile_keeps_no_map(
    api: Caller, context: Context, work: Callable[[], int]
) -> None:
    other = api.post("/projects", {"name": "Other"})["id"]
    api.send("/images", parts("red", range(60)), project=other)
    work()
    job = api.post("/jobs", {"kind": "map", "payload": {}}, project=other)
    running = claim(context, job["id"], threading.Event())
    assert running is not None
    api.delete(f"/projects/{other}")
    running.run(make_map)
    assert api.http.get(f"/jobs/{job['id']}").status_code == 404
    with context.database.read() as session:
        from sqlalchemy import func, select

        from service.storage.tables import MapRow

        assert session.scalar(select(func.count()).select_from(MapRow)) == 0
