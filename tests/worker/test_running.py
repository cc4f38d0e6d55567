"""A job from claim to its last state: kept alive, reported, stopped, and given back."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from service.domain.entities import Job
from service.storage import jobs
from service.usecases.context import Context
from service.usecases.jobs import cancel_job, get_job, list_records, start_job
from worker.running import RunningJob, claim


@pytest.fixture
def job(context: Context) -> Job:
    return start_job(context, "embed", {"encoder_id": "e"})


@pytest.fixture
def fast_heart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.running.BEAT_SECONDS", 0.05)


def a_minute() -> Iterator[None]:
    """Turns until a minute is over, with room between them for a beat."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        time.sleep(0.02)
        yield


def run(
    context: Context, job: Job, handler: Callable[[RunningJob], None], *, stopping: bool = False
) -> Job:
    """Claim and run the job as a worker does; the job as it is then."""
    signal = threading.Event()
    if stopping:
        signal.set()
    claimed = claim(context, job.id, signal)
    assert claimed is not None
    claimed.run(handler)
    return get_job(context, job.id)


def test_one_worker_gets_the_job(context: Context, job: Job) -> None:
    assert claim(context, job.id, threading.Event()) is not None
    assert claim(context, job.id, threading.Event()) is None
    assert claim(context, "unknown", threading.Event()) is None


def test_a_handler_that_returns_has_succeeded(context: Context, job: Job) -> None:
    def handler(running: RunningJob) -> None:
        assert get_job(context, job.id).state == "running"
        running.report(done=3, total=4, message="Nearly")

    done = run(context, job, handler)
    assert (done.state, done.done, done.total, done.message) == ("succeeded", 3, 4, "Nearly")
    assert done.attempts == 1


def test_a_handler_that_fails_says_why(context: Context, job: Job) -> None:
    def handler(_: RunningJob) -> None:
        raise ValueError("the disk is made of cheese")

    done = run(context, job, handler)
    assert (done.state, done.error) == ("failed", "the disk is made of cheese")


def test_where_the_services_folder_lies_is_told_to_nobody(context: Context, job: Job) -> None:
    folder = context.settings.data_dir.resolve()

    def handler(running: RunningJob) -> None:
        running.record({"event": "failed", "message": f"{folder}/runs/1/pretraining.pt is cut off"})
        raise ValueError(f"{folder}/uploads/1/animals.zip is no zip, /srv/photos is a folder")

    done = run(context, job, handler)
    assert done.error == "uploads/1/animals.zip is no zip, /srv/photos is a folder"
    [record] = list_records(context, job.id)
    assert record["message"] == "runs/1/pretraining.pt is cut off"


def test_a_failure_without_words_names_its_kind(context: Context, job: Job) -> None:
    def handler(_: RunningJob) -> None:
        raise MemoryError

    assert run(context, job, handler).error == "MemoryError"


@pytest.mark.usefixtures("fast_heart")
def test_a_running_job_is_cancelled_at_its_next_report(context: Context, job: Job) -> None:
    def handler(running: RunningJob) -> None:
        running.report(done=0, total=9, message="Started")
        assert cancel_job(context, job.id).state == "running"
        for _ in a_minute():
            running.report(done=1, total=9, message="Working")
        pytest.fail("it was never stopped")

    done = run(context, job, handler)
    assert (done.state, done.error) == ("cancelled", None)


@pytest.mark.usefixtures("fast_heart")
def test_a_worker_that_was_taken_for_dead_stops_and_changes_nothing(
    context: Context, job: Job
) -> None:
    def handler(running: RunningJob) -> None:
        with context.database.write() as session:
            jobs.requeue_orphans(session, silent=timedelta(0), max_attempts=5)
        assert claim(context, job.id, threading.Event()) is not None
        for _ in a_minute():
            running.report(done=1, total=1, message="from the dead")
        pytest.fail("it was never stopped")

    now_anothers = run(context, job, handler)
    assert (now_anothers.state, now_anothers.attempts) == ("running", 2)
    assert now_anothers.message == ""


@pytest.mark.usefixtures("fast_heart")
def test_the_heart_beats_while_a_handler_is_busy(context: Context, job: Job) -> None:
    def heartbeat() -> object:
        with context.database.read() as session:
            return jobs.get_job(session, job.id).heartbeat_at

    def handler(running: RunningJob) -> None:
        first = heartbeat()
        for _ in a_minute():
            if heartbeat() != first:
                return
        pytest.fail("no beat came")

    assert run(context, job, handler).state == "succeeded"


def test_a_worker_that_shuts_down_gives_its_job_back(context: Context, job: Job) -> None:
    def handler(running: RunningJob) -> None:
        running.report(done=0, total=1, message="Started")

    given_back = run(context, job, handler, stopping=True)
    assert (given_back.state, given_back.attempts) == ("queued", 0)
    assert run(context, job, handler).state == "succeeded"
