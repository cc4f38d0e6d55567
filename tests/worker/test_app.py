"""The real Celery worker on a real Redis."""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from sqlalchemy import update

from service.domain.entities import Job, Upload, now
from service.settings import Settings
from service.storage import extraction, jobs
from service.storage.extraction import Worker
from service.storage.projects import get_project
from service.storage.tables import ExtractionPartRow
from service.usecases.context import Context, create_context
from service.usecases.embedding import count_pending
from service.usecases.jobs import cancel_job, get_job, start_job
from service.usecases.pool import add_images
from tests.pictures import png

IMAGES = 100


@pytest.fixture
def connected(settings: Settings, context: Context, redis_url: str) -> Iterator[Context]:
    """The service's context on a broker that works."""
    with redis.Redis(unix_socket_path=redis_url.removeprefix("redis+socket://")) as client:
        client.flushall()
    connected = create_context(settings.model_copy(update={"redis_url": redis_url}))
    yield connected
    connected.database.close()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "worker.log"


@pytest.fixture
def worker(connected: Context, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process, as `handful up` starts it."""
    environment = os.environ | {
        "HANDFUL_DATA_DIR": str(connected.settings.data_dir),
        "HANDFUL_DATABASE_URL": connected.settings.database_url,
        "HANDFUL_REDIS_URL": connected.settings.redis_url,
    }
    command = [sys.executable, "-m", "service.cli", "worker", "--concurrency=1"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    yield process
    process.kill()
    process.wait()


def wait_until(condition: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + 180
    while not condition():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.01)


def test_a_worker_takes_its_job_and_gives_it_back_when_it_is_told_to_stop(
    context: Context,
    connected: Context,
    worker: subprocess.Popen[bytes],
    log: Path,
    work: Callable[[], int],
) -> None:
    uploads = [Upload(f"{seed}.png", png("red", seed)) for seed in range(IMAGES)]
    _, _, job = add_images(context, "default", uploads, None)
    assert job is not None
    elsewhere = take_a_part(connected, job)
    connected.queue.send(job.id, job.kind)
    wait_until(lambda: get_job(connected, job.id).state == "running", log)
    with connected.database.write():  # the worker waits for its turn to write
        worker.terminate()
        wait_until(lambda: "Warm shutdown" in log.read_text(), log)
    assert worker.wait(180) == 0
    given_back = get_job(connected, job.id)
    assert (given_back.state, given_back.attempts) == ("queued", 0), log.read_text()
    with connected.database.write() as session:
        extraction.let_go(session, elsewhere)
    assert work() == 1
    assert count_pending(connected, job.payload["encoder_id"]) == 0


def take_a_part(context: Context, job: Job) -> Worker:
    """Have a worker elsewhere hold a part of the job, so that it cannot end before it is over."""
    elsewhere = Worker(job.id, job.payload["encoder_id"], "elsewhere")
    with context.database.write() as session:
        assert extraction.take_part(session, elsewhere, 8, timedelta(minutes=1))
        beats_to_come = now() + timedelta(hours=1)
        session.execute(update(ExtractionPartRow).values(heartbeat_at=beats_to_come))
    return elsewhere


@contextmanager
def held_training(context: Context) -> Iterator[str]:
    """A pretraining that runs and gets nowhere: its folder is held by the test."""
    payload = {"preset": "cpu-32", "epochs": 1, "start_from": None, "settings": {}}
    with context.database.write() as session:
        job_id = jobs.add_job(session, "pretrain", payload, "default").id
    folder = context.settings.runs_dir / job_id
    folder.mkdir(parents=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        context.queue.send(job_id, "pretrain")
        yield job_id


@pytest.mark.slow  # a pretraining loads torch
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("worker")
def test_short_jobs_run_beside_long_ones_and_long_ones_when_there_is_room_again(
    context: Context, connected: Context, log: Path, work: Callable[[], int]
) -> None:
    def state(job_id: str) -> str:
        return get_job(connected, job_id).state

    encoder_id = fill_pool(context, work)
    with held_training(connected) as training:
        wait_until(lambda: "Waiting" in get_job(connected, training).message, log)
        export = {"format": "csv", "images": False, "which": "all"}
        long = start_job(connected, "export", export, "default").id
        for kind in ("map", "index"):
            short = start_job(connected, kind, {"encoder_id": encoder_id}, "default").id
            wait_until(lambda short=short: state(short) == "succeeded", log)  # type: ignore[misc]
        assert (state(training), state(long)) == ("running", "queued")
        cancel_job(connected, training)
        wait_until(lambda: state(training) == "cancelled", log)
        wait_until(lambda: state(long) == "succeeded", log)  # nobody sends it again but the worker


def fill_pool(context: Context, work: Callable[[], int]) -> str:
    """A few embedded images; their encoder. The worker, on another broker, hears nothing of it."""
    uploads = [Upload(f"{seed}.png", png("red", seed)) for seed in range(12)]
    add_images(context, "default", uploads, None)
    work()
    with context.database.read() as session:
        return str(get_project(session, "default").encoder_id)
