"""Two real workers on a real Redis share an embedding, and one of them is killed in the middle."""

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from sqlalchemy import func, insert, select

from models.manifest import Manifest
from service.domain.entities import Job
from service.settings import Settings
from service.storage.tables import EmbeddingRow, ExtractionPartRow, ImageRow
from service.usecases.context import Context, create_context
from service.usecases.embedding import count_pending, request_embedding
from service.usecases.jobs import get_job, reconcile
from tests.pictures import encoded, picture

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
# Large enough that the second worker comes in before the first one is done.
IMAGES = 4000
SIDE = 1200


@pytest.fixture
def connected(settings: Settings, context: Context, redis_url: str) -> Iterator[Context]:
    """The service's context on a broker that works, and a pool of many images."""
    with redis.Redis(unix_socket_path=redis_url.removeprefix("redis+socket://")) as client:
        client.flushall()
    connected = create_context(settings.model_copy(update={"redis_url": redis_url}))
    fill_pool(connected)
    yield connected
    connected.database.close()


def fill_pool(context: Context) -> None:
    """One picture under many contents: decoders do not mind what follows its end."""
    data = encoded(picture("red", size=(SIDE, SIDE)), "JPEG", quality=95)
    rows = []
    for number in range(IMAGES):
        content = data + number.to_bytes(4, "big")
        sha256 = hashlib.sha256(content).hexdigest()
        context.images.put_image(sha256, content)
        name = f"{number}.jpg"
        rows.append(
            {
                "project_id": "default",
                "sha256": sha256,
                "filename": name,
                "width": SIDE,
                "height": SIDE,
            }
        )
    with context.database.write() as session:
        session.execute(insert(ImageRow), rows)


class Workers:
    """Worker processes as `handful worker` starts them, each with one thread for jobs."""

    def __init__(self, context: Context, log: Path) -> None:
        self._settings, self.log = context.settings, log
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        environment = os.environ | {
            "HANDFUL_DATA_DIR": str(self._settings.data_dir),
            "HANDFUL_DATABASE_URL": self._settings.database_url,
            "HANDFUL_REDIS_URL": self._settings.redis_url,
            "HANDFUL_STORE_URL": self._settings.store_url,
        }
        command = [sys.executable, "-m", "service.cli", "worker", "--concurrency=1"]
        with self.log.open("ab") as output:
            process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        self._processes.append(process)
        return process

    def end(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()

    def wait_until(self, condition: Callable[[], bool], seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.2)


@pytest.fixture
def workers(connected: Context, tmp_path: Path) -> Iterator[Workers]:
    workers = Workers(connected, tmp_path / "workers.log")
    yield workers
    workers.end()


@pytest.fixture
def job(connected: Context, manifests: list[Manifest]) -> Job:
    return request_embedding(connected, manifests[0].encoder_id)


def holders(context: Context) -> set[str]:
    """Who has embedded a part of something, and has not finished it."""
    row = ExtractionPartRow
    with context.database.read() as session:
        busy = select(row.holder).where(row.embedded > 0, row.finished.is_(False))
        return {str(holder) for holder in session.scalars(busy)}


def end_of(context: Context, job: Job) -> bool:
    """Whether the job is over; what is lost is looked for as an api process does."""
    reconcile(context)
    return get_job(context, job.id).finished


@pytest.mark.parametrize("victim", ["owner", "helper"])
def test_a_worker_killed_in_the_middle_loses_and_doubles_nothing(
    connected: Context, workers: Workers, job: Job, victim: str
) -> None:
    owner = workers.start()
    workers.wait_until(lambda: len(holders(connected)) == 1)
    helper = workers.start()
    workers.wait_until(lambda: len(holders(connected)) == 2)
    killed = owner if victim == "owner" else helper
    killed.kill()
    assert get_job(connected, job.id).state == "running"
    assert count_pending(connected, job.payload["encoder_id"]) > 0
    workers.wait_until(lambda: end_of(connected, job), 240)

    done = get_job(connected, job.id)
    assert (done.state, done.error) == ("succeeded", None), workers.log.read_text()
    assert (done.done, done.total) == (IMAGES, IMAGES)
    assert done.attempts == (2 if victim == "owner" else 1)
    with connected.database.read() as session:
        row = EmbeddingRow
        counts = select(func.count(), func.count(row.image_id.distinct())).select_from(row)
        assert session.execute(counts).one() == (IMAGES, IMAGES)
        assert not list(session.scalars(select(ExtractionPartRow)))


def test_a_worker_told_to_stop_leaves_the_rest_to_the_other(
    connected: Context, workers: Workers, job: Job
) -> None:
    first = workers.start()
    workers.wait_until(lambda: len(holders(connected)) == 1)
    workers.start()
    workers.wait_until(lambda: len(holders(connected)) == 2)
    first.terminate()
    assert first.wait(60) == 0
    workers.wait_until(lambda: end_of(connected, job))
    done = get_job(connected, job.id)
    assert (done.state, done.done, done.attempts) == ("succeeded", IMAGES, 1)
    assert count_pending(connected, job.payload["encoder_id"]) == 0
