"""Imports that are killed, cancelled, doubled or out of room: nothing lost, nothing doubled."""

import errno
import hashlib
import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from models import perceptual_hash
from models.image_sources import tar_tree
from service.domain.entities import Job
from service.domain.errors import StorageFull
from service.storage.jobs import requeue_orphans
from service.usecases import duplicates
from service.usecases.context import Context
from service.usecases.importing import list_errors
from service.usecases.jobs import cancel_job, get_job, resume_job
from tests.pictures import png
from tests.service.caller import Caller
from tests.worker.imports import counts, fill, held, start, take, work
from worker import importing
from worker.importing import import_images
from worker.running import claim

# A worker that imports in small batches until it is killed: it gets no further than the middle.
WORKER = """
import sys, threading, time
from service.settings import Settings
from service.usecases.context import create_context
from service.usecases.jobs import get_job
from worker import importing
from worker.running import claim
importing.BATCH = 8
context, job_id, middle = create_context(Settings()), sys.argv[1], int(sys.argv[2])
running = claim(context, job_id, threading.Event())
def check():
    while get_job(context, job_id).done >= middle:
        time.sleep(1)
running.check = check
running.run(importing.import_images)
"""


@pytest.fixture(autouse=True)
def batches_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, a batch is as large as a test has it."""
    monkeypatch.setattr(importing, "BATCH_SECONDS", 3600.0)


def test_labels_come_with_their_images_or_not_at_all(
    reading: Context, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(root, "otter", "seal", each=8)
    monkeypatch.setattr(importing, "BATCH", 4)
    job_id = start(reading, root)
    seen: list[tuple[int, int]] = []
    watching = threading.Event()

    def watch() -> None:
        while not watching.wait(0.002):
            seen.append(held(reading))

    watcher = threading.Thread(target=watch)
    watcher.start()
    work(reading, job_id)
    watching.set()
    watcher.join()
    assert all(images == labels for images, labels in seen)
    assert held(reading) == (16, 16)


def test_a_worker_killed_twice_in_the_middle_loses_and_doubles_nothing(
    reading: Context, root: Path
) -> None:
    fill(root, "otter", "seal", each=200)
    (root / "otter" / "notes.txt").write_text("no image")
    job_id = start(reading, root)
    settings = reading.settings
    environment = os.environ | {
        "HANDFUL_DATA_DIR": str(settings.data_dir),
        "HANDFUL_DATABASE_URL": settings.database,
        "HANDFUL_REDIS_URL": settings.redis_url,
        "HANDFUL_IMPORT_ROOTS": settings.import_roots,
        "HANDFUL_MIN_FREE_MB": "0",
    }
    reached = 0
    for middle in ("150", "300"):
        command = [sys.executable, "-c", WORKER, job_id, middle]
        with subprocess.Popen(command, env=environment) as process:
            deadline = time.monotonic() + 240
            while get_job(reading, job_id).done <= reached and time.monotonic() < deadline:
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
        job = get_job(reading, job_id)
        assert reached < job.done < 401, "it was killed in the middle"
        assert job.state == "running"
        reached = job.done
        with reading.database.write() as session:
            requeue_orphans(session, timedelta(0), 5)
    job = work(reading, job_id)
    assert (job.state, job.done, job.attempts) == ("succeeded", 401, 3)
    assert counts(job) == {"added": 400, "known": 0, "labelled": 400, "failed": 1}
    assert held(reading) == (400, 400)
    assert list_errors(reading, job_id, 10)[1] == 1


def test_two_imports_of_the_same_at_once_add_nothing_twice(reading: Context, root: Path) -> None:
    fill(root, "otter", "seal", each=40)
    # Two requests of the same are one job; another format makes it a second one.
    ids = [start(reading, root), start(reading, root, format="folder")]
    threads = [threading.Thread(target=work, args=(reading, job_id)) for job_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = [get_job(reading, job_id) for job_id in ids]
    assert [job.state for job in done] == ["succeeded", "succeeded"]
    assert sum(counts(job)["added"] for job in done) == 80
    assert sum(counts(job)["labelled"] for job in done) == 80
    assert held(reading) == (80, 80)


def test_a_cancelled_import_goes_on_where_it_stopped(
    reading: Context, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(root, "otter", each=60)
    monkeypatch.setattr(importing, "BATCH", 10)
    stopped = cancelled_at(reading, start(reading, root), 20)
    assert (stopped.state, stopped.done) == ("cancelled", 20)
    assert held(reading) == (20, 20)
    assert resume_job(reading, stopped.id).state == "queued"
    done = work(reading, stopped.id)
    assert (done.state, done.done) == ("succeeded", 60)
    assert counts(done) == {"added": 60, "known": 0, "labelled": 60, "failed": 0}


def test_an_empty_class_that_was_deleted_meanwhile_stays_deleted(
    reading: Context, root: Path, api: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(root, "otter", "seal")
    (root / "fox").mkdir()
    monkeypatch.setattr(importing, "BATCH", 5)
    stopped = cancelled_at(reading, start(reading, root), 5)
    assert [each["name"] for each in api.get("/classes")["classes"]] == ["fox", "otter", "seal"]
    api.delete("/classes/fox")
    resume_job(reading, stopped.id)
    assert work(reading, stopped.id).done == 10
    assert [each["name"] for each in api.get("/classes")["classes"]] == ["otter", "seal"]


def cancelled_at(context: Context, job_id: str, done: int) -> Job:
    """An import that is cancelled when so many files are entered; what became of it."""
    running = claim(context, job_id, threading.Event())
    assert running is not None
    check = running.check

    def cancelled_there() -> None:
        if get_job(context, job_id).done >= done:
            cancel_job(context, job_id)
            running._lost.set()
        check()

    running.check = cancelled_there  # type: ignore[method-assign]
    running.run(import_images)
    return get_job(context, job_id)


def test_a_source_that_changed_meanwhile_is_read_again_without_doubling(
    reading: Context, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(root, "otter", each=20)
    monkeypatch.setattr(importing, "BATCH", 5)
    store, kept = reading.images, reading.images.put_image
    last = sorted((root / "otter").iterdir())[12:]
    without_room = {hashlib.sha256(file.read_bytes()).hexdigest() for file in last}

    def full(sha256: str, data: bytes) -> None:
        if sha256 in without_room:
            raise StorageFull("storage-full", "The image was not kept: no space is left.")
        kept(sha256, data)

    monkeypatch.setattr(store, "put_image", full)
    job = take(reading, root)
    assert job.state == "failed"
    assert "no space" in str(job.error)
    assert held(reading) == (12, 12)
    monkeypatch.setattr(store, "put_image", kept)
    (root / "otter" / "a-new-first.png").write_bytes(png("blue"))
    resume_job(reading, job.id)
    assert work(reading, job.id).state == "succeeded"
    assert held(reading) == (21, 21)


def test_a_full_disk_fails_the_import_and_what_is_in_is_kept(
    reading: Context, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(root, "otter", each=12)
    calls = iter(range(1000))

    def full(*_: object) -> None:
        if next(calls) >= 6:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("obstore.put", full)
    monkeypatch.setattr(reading.images, "has", lambda _: True)
    job = take(reading, root)
    assert (job.state, "Free some space" in str(job.error)) == ("failed", True)
    images, labels = held(reading)
    assert images == labels
    monkeypatch.undo()
    resume_job(reading, job.id)
    assert work(reading, job.id).state == "succeeded"
    assert held(reading) == (12, 12)


@pytest.mark.parametrize("step", ["unpacking", "looking for copies"])
def test_a_cancel_acts_within_long_steps_too(
    reading: Context, root: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setattr(duplicates, "TOLD_SECONDS", 0.0)
    fill(root / "in", "otter", each=5)
    with tarfile.open(root / "photos.tar.gz", "w:gz") as archive:
        archive.add(root / "in", "in")
    running = claim(reading, start(reading, root / "photos.tar.gz"), threading.Event())
    assert running is not None
    module, name = {
        "unpacking": (tar_tree, "_read_chunk"),
        "looking for copies": (perceptual_hash, "_near_in_buckets"),
    }[step]
    step_itself = getattr(module, name)

    def cancelled_meanwhile(*given: object) -> object:
        assert not running._lost.is_set(), "it went on"
        cancel_job(reading, running.job.id)
        running._lost.set()
        return step_itself(*given)

    monkeypatch.setattr(module, name, cancelled_meanwhile)
    running.run(import_images)
    assert get_job(reading, running.job.id).state == "cancelled"
    monkeypatch.undo()
    resume_job(reading, running.job.id)
    assert work(reading, running.job.id).state == "succeeded"
    assert held(reading) == (5, 5)
