"""What workers do for an embedding together: each image once, whoever stops or fails."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from itertools import count

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.onnx_encoder import OnnxEncoder
from service.domain.entities import Job
from service.storage import extraction
from service.storage.extraction import Part, Worker
from service.storage.tables import EmbeddingRow
from service.usecases.context import Context
from service.usecases.jobs import cancel_job, get_job, list_jobs
from tests.pictures import parts
from tests.service.caller import Caller
from worker import resources
from worker.extraction import embed, help_embedding, open_encoder
from worker.running import RunningJob, claim

IMAGES = 40
EVERY_IMAGE = list(range(1, IMAGES + 1))


@pytest.fixture(autouse=True)
def small_and_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of eight images, committed with each batch; who seems silent is only slow."""
    for name, value in (("FIRST_PART", 8), ("SMALLEST_PART", 8), ("PART_SECONDS", 0.0)):
        monkeypatch.setattr(f"worker.share.{name}", value)
    monkeypatch.setattr("worker.share.COMMIT_SECONDS", 0.0)
    monkeypatch.setattr("worker.share.SILENT_AFTER", timedelta(hours=1))
    monkeypatch.setattr("worker.share.BEAT_SECONDS", 0.05)
    monkeypatch.setattr("worker.running.BEAT_SECONDS", 0.05)
    monkeypatch.setattr("worker.extraction.WAIT_SECONDS", 0.05)


@pytest.fixture
def job(api: Caller, context: Context) -> Job:
    return get_job(context, api.send("/images", parts("red", range(IMAGES)))["job_id"])


@pytest.fixture
def stopping() -> threading.Event:
    return threading.Event()


@pytest.fixture
def owner(context: Context, job: Job, stopping: threading.Event) -> RunningJob:
    """The job as the worker has it that is responsible for it."""
    running = claim(context, job.id, stopping)
    assert running is not None
    return running


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def embedded(context: Context) -> list[int]:
    with context.database.read() as session:
        return sorted(session.scalars(select(EmbeddingRow.image_id)))


def take_elsewhere(context: Context, job: Job) -> tuple[Worker, Part]:
    """A part that a worker on another machine holds."""
    elsewhere = Worker(job.id, job.payload["encoder_id"], "elsewhere")
    with context.database.write() as session:
        part = extraction.take_part(session, elsewhere, 8, timedelta(minutes=1))
    assert part is not None
    return elsewhere, part


def on_each_batch(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Have something happen whenever a batch goes through the encoder."""
    real = OnnxEncoder.embed_crops

    def acting(encoder: OnnxEncoder, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        act()
        return real(encoder, crops)

    monkeypatch.setattr(OnnxEncoder, "embed_crops", acting)


@pytest.fixture
def one_by_one(context: Context, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches go through the encoder one after the other, on however many cores."""
    monkeypatch.setattr(open_encoder(context, job), "streams", 1)


def once_committed(context: Context, act: Callable[[], object]) -> Callable[[], None]:
    """Acts in the second batch and later, when the first one has been committed."""
    first = threading.Lock()

    def acting() -> None:
        if not first.acquire(blocking=False):
            wait_until(lambda: bool(embedded(context)))
            act()

    return acting


def count_refusals(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """As many as there were beats of helpers that were told to stop.

    By the second one its helper has taken note of the first.
    """
    refusals: list[None] = []
    real = extraction.beat

    def beat(session: Session, worker: Worker) -> bool:
        wanted = real(session, worker)
        if not wanted:
            refusals.append(None)
        return wanted

    monkeypatch.setattr(extraction, "beat", beat)
    return refusals


def test_a_helper_embeds_what_there_is_and_the_owner_ends_the_job(
    context: Context, job: Job, owner: RunningJob
) -> None:
    help_embedding(context, job, threading.Event())
    assert embedded(context) == EVERY_IMAGE
    assert get_job(context, job.id).state == "running"
    owner.run(embed)
    done = get_job(context, job.id)
    assert (done.state, done.done, done.total) == ("succeeded", IMAGES, IMAGES)
    assert embedded(context) == EVERY_IMAGE


def test_the_owner_waits_for_parts_of_others(context: Context, job: Job, owner: RunningJob) -> None:
    elsewhere, part = take_elsewhere(context, job)
    thread = threading.Thread(target=owner.run, args=(embed,))
    thread.start()
    wait_until(lambda: len(embedded(context)) == IMAGES - len(part.images))
    waiting = get_job(context, job.id)
    assert (waiting.state, waiting.total) == ("running", IMAGES)
    with context.database.write() as session:
        extraction.let_go(session, elsewhere)
    thread.join()
    assert get_job(context, job.id).state == "succeeded"
    assert embedded(context) == EVERY_IMAGE


def test_runs_of_a_part_are_embedded_together_and_counted_as_one(
    context: Context, job: Job, owner: RunningJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.share.RUN", 3)  # two runs a batch, three a part
    owner.run(embed)
    done = get_job(context, job.id)
    assert (done.state, done.done, done.total) == ("succeeded", IMAGES, IMAGES)
    assert embedded(context) == EVERY_IMAGE


def test_a_part_of_a_worker_that_died_is_taken_again(
    context: Context, job: Job, owner: RunningJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_elsewhere(context, job)
    monkeypatch.setattr("worker.share.SILENT_AFTER", timedelta(seconds=1))
    owner.run(embed)
    assert get_job(context, job.id).state == "succeeded"
    assert embedded(context) == EVERY_IMAGE


@pytest.mark.usefixtures("one_by_one")
def test_a_cancelled_job_stops_its_helpers_too(
    context: Context, job: Job, owner: RunningJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = count_refusals(monkeypatch)

    def cancel() -> None:
        cancel_job(context, job.id)
        wait_until(lambda: len(refusals) >= 2)

    with monkeypatch.context() as patched:
        on_each_batch(patched, cancel)
        help_embedding(context, job, threading.Event())
    assert embedded(context) == EVERY_IMAGE[:8]
    owner.run(embed)
    assert get_job(context, job.id).state == "cancelled"
    assert embedded(context) == EVERY_IMAGE[:8]


def test_a_job_that_is_cancelled_between_two_beats_does_not_count_as_done(
    context: Context, job: Job, owner: RunningJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.running.BEAT_SECONDS", 3600.0)
    monkeypatch.setattr("worker.share.BEAT_SECONDS", 3600.0)
    cancel_job(context, job.id)
    owner.run(embed)
    assert get_job(context, job.id).state == "cancelled"
    assert embedded(context) == []


def test_what_went_through_the_encoder_is_kept_though_the_worker_is_to_stop(
    context: Context,
    job: Job,
    owner: RunningJob,
    stopping: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of two streams one is held up until the other is at the third batch and the stop has come."""
    begun = count()

    def stop_at_the_third() -> None:
        match next(begun):
            case 0:
                assert stopping.wait(60)
            case 2:
                stopping.set()

    monkeypatch.setattr(open_encoder(context, job), "streams", 2)
    on_each_batch(monkeypatch, stop_at_the_third)
    owner.run(embed)
    assert get_job(context, job.id).state == "queued"
    assert embedded(context) == EVERY_IMAGE[: 3 * 8]


@pytest.mark.usefixtures("one_by_one")
def test_a_worker_that_stops_keeps_what_it_has_embedded_and_leaves_the_rest(
    context: Context,
    job: Job,
    owner: RunningJob,
    stopping: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    on_each_batch(monkeypatch, once_committed(context, stopping.set))
    owner.run(embed)
    given_back = get_job(context, job.id)
    assert (given_back.state, given_back.attempts) == ("queued", 0)
    kept = embedded(context)
    assert 0 < len(kept) < IMAGES
    second = claim(context, job.id, threading.Event())
    assert second is not None
    second.run(embed)
    done = get_job(context, job.id)
    assert (done.state, done.done, done.total) == ("succeeded", IMAGES, IMAGES)
    assert embedded(context) == EVERY_IMAGE


@pytest.mark.usefixtures("one_by_one")
def test_a_helper_that_stops_leaves_its_part_to_others(
    context: Context, job: Job, owner: RunningJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = threading.Event()
    with monkeypatch.context() as patched:
        on_each_batch(patched, once_committed(context, told.set))
        help_embedding(context, job, told)
    assert 0 < len(embedded(context)) < IMAGES
    owner.run(embed)
    assert get_job(context, job.id).state == "succeeded"
    assert embedded(context) == EVERY_IMAGE


def test_files_that_a_helper_could_not_read_are_told_of_by_the_owner(
    api: Caller, context: Context, job: Job, owner: RunningJob
) -> None:
    images = api.get("/images", limit=100)["items"]
    for image in images[3:5]:
        context.images.delete(image["sha256"])
    help_embedding(context, job, threading.Event())
    owner.run(embed)
    failed = get_job(context, job.id)
    assert (failed.state, failed.done) == ("failed", IMAGES - 2)
    assert "2 images" in str(failed.error)
    assert str(images[4]["id"]) in str(failed.error)
    api.delete(f"/images/{images[3]['id']}")
    api.delete(f"/images/{images[4]['id']}")
    assert api.get("/images")["pending"] == 0


def test_a_helper_whose_encoder_fails_leaves_its_part_to_others(
    context: Context, job: Job, owner: RunningJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise MemoryError("no room")

    with monkeypatch.context() as patched:
        on_each_batch(patched, fail)
        with pytest.raises(MemoryError):
            help_embedding(context, job, threading.Event())
    owner.run(embed)
    assert get_job(context, job.id).state == "succeeded"
    assert embedded(context) == EVERY_IMAGE


def test_of_a_process_one_thread_embeds_for_a_job(
    context: Context, job: Job, owner: RunningJob
) -> None:
    with resources.place(job.id) as free:
        assert free
        help_embedding(context, job, threading.Event())
        assert not embedded(context)
        thread = threading.Thread(target=owner.run, args=(embed,))
        thread.start()
        wait_until(lambda: get_job(context, job.id).message == "Embedding images")
        assert not embedded(context)
    thread.join()
    assert embedded(context) == EVERY_IMAGE


def test_images_that_come_in_meanwhile_are_embedded_too(
    api: Caller, context: Context, job: Job, owner: RunningJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = threading.Lock()

    def add_more() -> None:
        if more.acquire(blocking=False):
            api.send("/images", parts("green", range(IMAGES)))

    on_each_batch(monkeypatch, add_more)
    owner.run(embed)
    assert [each.state for each in list_jobs(context)] == ["succeeded"]
    assert (get_job(context, job.id).done, api.get("/images")["pending"]) == (2 * IMAGES, 0)
