"""Parts of an extraction: each image in one of them, and none lost with whoever held it."""

from datetime import timedelta

import numpy as np
import pytest

from models.manifest import Manifest
from service.domain.entities import Job
from service.storage import extraction, jobs
from service.storage.embeddings import add_embeddings
from service.storage.extraction import Part, PartResult, Worker
from service.usecases.context import Context
from service.usecases.jobs import cancel_job, start_job
from tests.pictures import parts
from tests.service.caller import Caller

IMAGES = 20
LIVING = timedelta(minutes=1)
DEAD = timedelta(seconds=-1)  # silent for longer than no time at all


@pytest.fixture
def job(api: Caller, context: Context, manifests: list[Manifest]) -> Job:
    """A job over a pool of twenty images."""
    api.send("/images", parts("red", range(IMAGES)))
    return start_job(context, "embed", {"encoder_id": manifests[0].encoder_id})


@pytest.fixture
def workers(job: Job) -> list[Worker]:
    return [Worker(job.id, job.payload["encoder_id"], name) for name in ("a", "b")]


def take(
    context: Context, worker: Worker, size: int = 8, silent: timedelta = LIVING
) -> Part | None:
    with context.database.write() as session:
        return extraction.take_part(session, worker, size, silent)


def finish(context: Context, worker: Worker, part: Part, unreadable: int = 0) -> None:
    """Embed the part's images, but for the first ones, and say so."""
    ids = [image.id for image in part.images]
    read = ids[unreadable:]
    with context.database.write() as session:
        add_embeddings(session, worker.encoder_id, read, np.zeros((len(read), 32), np.float32))
        result = PartResult(part.first_image_id, len(read), ids[:unreadable], finished=True)
        extraction.note(session, worker, result)


def test_workers_take_different_images_until_there_are_none(
    context: Context, workers: list[Worker]
) -> None:
    taken = [take(context, workers[number % 2]) for number in range(4)]
    assert [part and [image.id for image in part.images] for part in taken] == [
        list(range(1, 9)),
        list(range(9, 17)),
        list(range(17, 21)),
        None,
    ]
    assert [part.more for part in taken if part] == [True, True, False]


def test_a_part_begins_with_the_first_image_that_waits(
    context: Context, workers: list[Worker]
) -> None:
    def taken_until() -> int:
        with context.database.read() as session:
            return extraction.taken_until(session, workers[0])

    assert taken_until() == 0
    done = list(range(1, 11))
    with context.database.write() as session:
        add_embeddings(session, workers[0].encoder_id, done, np.zeros((10, 32), np.float32))
    assert taken_until() == 10
    with context.database.write() as session:
        part = extraction.take_part(session, workers[0], 8, LIVING, taken_until())
    assert part is not None
    assert part.first_image_id == 11
    assert taken_until() == 18
    with context.database.write() as session:
        again = extraction.take_part(session, workers[1], 8, LIVING, after=10)  # said before that
    assert again is not None
    assert again.first_image_id == 19
    finish(context, workers[1], again)
    with context.database.write() as session:
        extraction.let_go(session, workers[0])
    assert taken_until() == IMAGES


def test_nothing_that_waits_is_looked_for_behind_the_newest_image(
    context: Context, workers: list[Worker]
) -> None:
    ids = list(range(1, IMAGES + 1))
    with context.database.write() as session:
        add_embeddings(session, workers[0].encoder_id, ids, np.zeros((IMAGES, 32), np.float32))
    with context.database.read() as session:
        assert extraction.taken_until(session, workers[0]) == IMAGES


def test_what_a_silent_worker_left_is_taken_before_anything_else(
    context: Context, workers: list[Worker], job: Job
) -> None:
    first = take(context, workers[0])
    assert first is not None
    ids = [image.id for image in first.images]
    with context.database.write() as session:
        add_embeddings(session, workers[0].encoder_id, ids[:3], np.zeros((3, 32), np.float32))
        extraction.note(session, workers[0], PartResult(1, 3, [ids[3]], finished=False))
    again = take(context, workers[1], silent=DEAD)
    assert again is not None
    assert [image.id for image in again.images] == ids[4:]
    finish(context, workers[1], again)
    finish(context, workers[0], first)  # from the dead: it holds nothing any more
    with context.database.read() as session:
        so_far = extraction.extracted(session, job.id)
        assert (so_far.embedded, so_far.images, so_far.unfinished) == (7, 8, 0)
        assert extraction.unreadable(session, job.id) == [ids[3]]


def test_a_worker_that_lives_keeps_its_part(context: Context, workers: list[Worker]) -> None:
    take(context, workers[0])
    with context.database.write() as session:
        assert extraction.beat(session, workers[0])
    second = take(context, workers[1])
    assert second is not None
    assert second.first_image_id == 9


def test_a_worker_that_was_silent_itself_does_not_begin_its_part_again(
    context: Context, workers: list[Worker]
) -> None:
    take(context, workers[0])
    second = take(context, workers[0], silent=DEAD)
    assert second is not None
    assert second.first_image_id == 9


def test_a_worker_that_stops_gives_back_what_it_has_not_finished(
    context: Context, workers: list[Worker]
) -> None:
    first, second = take(context, workers[0]), take(context, workers[0])
    assert first is not None
    assert second is not None
    finish(context, workers[0], first)
    with context.database.write() as session:
        extraction.let_go(session, workers[0])
    assert take(context, workers[1]) == Part(9, second.images, more=True)


def test_a_part_left_with_nothing_to_do_is_finished_in_passing(
    context: Context, workers: list[Worker], job: Job
) -> None:
    part = take(context, workers[0])
    assert part is not None
    ids = [image.id for image in part.images]
    with context.database.write() as session:
        add_embeddings(session, workers[0].encoder_id, ids, np.zeros((8, 32), np.float32))
    again = take(context, workers[1], silent=DEAD)
    assert again is not None
    assert again.first_image_id == 9
    with context.database.read() as session:
        assert extraction.extracted(session, job.id).unfinished == 1


def test_of_a_job_that_is_over_nothing_is_taken(
    context: Context, workers: list[Worker], job: Job
) -> None:
    assert take(context, workers[0]) is not None
    cancel_job(context, job.id)
    assert take(context, workers[0]) is None
    with context.database.write() as session:
        assert not extraction.beat(session, workers[0])


def test_a_job_that_is_resumed_tries_all_that_waits_again(
    context: Context, workers: list[Worker], job: Job
) -> None:
    part = take(context, workers[0])
    assert part is not None
    finish(context, workers[0], part, unreadable=2)
    cancel_job(context, job.id)
    with context.database.write() as session:
        assert jobs.resume(session, job.id)
    again = take(context, workers[0])
    assert again is not None
    assert [image.id for image in again.images] == [1, 2, *range(9, 15)]


def test_the_projects_of_a_job_are_those_of_its_images(
    api: Caller, context: Context, workers: list[Worker], job: Job
) -> None:
    api.post("/projects", {"name": "Other"})
    api.post("/projects", {"name": "Empty"})
    api.send("/images", parts("red", range(2)), project="other")
    with context.database.read() as session:
        assert extraction.projects_of(session, job.id) == set()
    take(context, workers[0], size=IMAGES)
    with context.database.read() as session:
        assert extraction.projects_of(session, job.id) == {"default"}
    take(context, workers[0])
    with context.database.read() as session:
        assert extraction.projects_of(session, job.id) == {"default", "other"}
