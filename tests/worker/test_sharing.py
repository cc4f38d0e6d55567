"""Two real workers on a real Redis share an embedding, and one of them is killed in the middle."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from PIL import Image
from sqlalchemy import func, insert, select

from models.manifest import Manifest
from service.domain.entities import Job
from service.settings import Settings
from service.storage.tables import EmbeddingRow, ExtractionPartRow, ImageRow
from service.usecases.context import Context, create_context
from service.usecases.embedding import count_pending, request_embedding
from service.usecases.jobs import get_job, reconcile
from tests.pictures import encoded

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    # Rows are tested on both databases, and workers that die on PostgreSQL in tests/e2e.
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
IMAGES = 400
PART = 100
# A worker that opens no more than half of the images of a part before it may go on: both come to
# have one, and neither is done with it, however fast the machine is. And one that has no more than
# two batches under way: what it embedded is seen only while it still opens others, however slow.
WORKER = f"""
import sys, time
from pathlib import Path
from models import onnx_encoder
from service.cli import main
from worker import share

onnx_encoder.usable_cores = lambda: 1
share.WAITING_IMAGES = 0
share.FIRST_PART = share.SMALLEST_PART = share.LARGEST_PART = {PART}
share.usable_cores = lambda: 2  # more threads read further ahead
go_on, open_crop = Path(sys.argv.pop(1)), share.open_crop

def open_half(context, image_id, *given):
    while image_id % {PART} > {PART // 2} and not go_on.exists():
        time.sleep(0.02)
    return open_crop(context, image_id, *given)

share.open_crop = open_half
main()
"""


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
    data = encoded(Image.new("RGB", (64, 64), "red"), "JPEG")
    rows = []
    for number in range(IMAGES):
        content = data + number.to_bytes(4, "big")
        sha256 = hashlib.sha256(content).hexdigest()
        context.images.put_image(sha256, content)
        size = {"width": 64, "height": 64}
        rows.append({"project_id": "default", "sha256": sha256, "filename": "red.jpg"} | size)
    with context.database.write() as session:
        session.execute(insert(ImageRow), rows)


class Workers:
    """Worker processes as `handful worker` starts them, each with one thread for jobs."""

    def __init__(self, context: Context, folder: Path) -> None:
        self._settings, self.log = context.settings, folder / "workers.log"
        self._go_on = folder / "go-on"
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        environment = os.environ | {
            "HANDFUL_DATA_DIR": str(self._settings.data_dir),
            "HANDFUL_DATABASE_URL": self._settings.database_url,
            "HANDFUL_REDIS_URL": self._settings.redis_url,
            "HANDFUL_STORE_URL": self._settings.store_url,
        }
        words = [str(self._go_on), "worker", "--concurrency=1"]
        command = [sys.executable, "-c", WORKER, *words]
        with self.log.open("ab") as output:
            process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        self._processes.append(process)

    def end(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()

    def wait_until(self, condition: Callable[[], bool], seconds: float = 300) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def are_ready(self) -> bool:
        assert all(process.poll() is None for process in self._processes), self.log.read_text()
        return self.log.read_text().count(" ready.") == len(self._processes)

    def go_on(self) -> None:
        """Let them open all images."""
        self._go_on.touch()

    def stop(self, process_id: int, how: signal.Signals) -> subprocess.Popen[bytes]:
        """Send one of them a signal."""
        (process,) = (each for each in self._processes if each.pid == process_id)
        process.send_signal(how)
        return process


@pytest.fixture
def workers(connected: Context, tmp_path: Path) -> Iterator[Workers]:
    """Two of them, both idle."""
    workers = Workers(connected, tmp_path)
    try:
        for _ in range(2):
            workers.start()
        workers.wait_until(workers.are_ready)
        yield workers
    finally:
        workers.end()


@pytest.fixture
def job(connected: Context, workers: Workers, manifests: list[Manifest]) -> Job:
    """A job that both are in the middle of."""
    job = request_embedding(connected, manifests[0].encoder_id)

    def are_at_work() -> bool:
        time.sleep(0.5)
        # Invitations may all have reached the owner; it gets no further to send others.
        connected.queue.send(job.id, "embed")
        return len(at_work(connected)) == 2

    workers.wait_until(are_at_work)
    return job


def at_work(context: Context) -> list[int]:
    """Process ids of those who have embedded a part of something: the job's own worker first."""
    row = ExtractionPartRow
    with context.database.read() as session:
        begun = select(row.holder).where(row.embedded > 0).order_by(row.first_image_id)
        names = [str(holder) for holder in session.scalars(begun)]
    return list(dict.fromkeys(int(name.split()[1]) for name in names))


def end_of(context: Context, job: Job) -> bool:
    """Whether the job is over; what is lost is looked for as an api process does."""
    reconcile(context)
    return get_job(context, job.id).finished


@pytest.mark.parametrize("victim", ["owner", "helper"])
def test_a_worker_killed_in_the_middle_loses_and_doubles_nothing(
    connected: Context, workers: Workers, job: Job, victim: str
) -> None:
    owner, helper = at_work(connected)
    workers.stop(owner if victim == "owner" else helper, signal.SIGKILL)
    assert get_job(connected, job.id).state == "running"
    workers.go_on()
    workers.wait_until(lambda: end_of(connected, job))
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
    owner, _ = at_work(connected)
    stopped = workers.stop(owner, signal.SIGTERM)
    workers.wait_until(lambda: "Warm shutdown" in workers.log.read_text())
    workers.go_on()
    assert stopped.wait(180) == 0
    workers.wait_until(lambda: end_of(connected, job))
    done = get_job(connected, job.id)
    assert (done.state, done.done, done.attempts) == ("succeeded", IMAGES, 1)
    assert count_pending(connected, job.payload["encoder_id"]) == 0
