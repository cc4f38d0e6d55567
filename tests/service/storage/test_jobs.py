"""Jobs in the database: claimed once, kept alive, put back, given up."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from service.domain.entities import Job, now
from service.storage import jobs
from service.storage.tables import JobRow
from service.usecases.context import Context

T = TypeVar("T")
SILENT = timedelta(seconds=20)


class Store:
    """Each call in a transaction of its own, as several processes would make them."""

    def __init__(self, context: Context) -> None:
        self._database = context.database

    def do(self, function: Callable[..., T], *args: object, **kwargs: object) -> T:
        with self._database.write() as session:
            return function(session, *args, **kwargs)

    def add(self) -> str:
        return self.do(lambda session: jobs.add_job(session, "embed", {"encoder_id": "e"}).id)

    def job(self, job_id: str) -> Job:
        return self.do(lambda session: jobs.job_from_row(jobs.get_job(session, job_id)))

    def age(self, job_id: str, **columns: timedelta) -> None:
        """Move these moments of a job into the past."""

        def move(session: Session) -> None:
            values = {name: now() - age for name, age in columns.items()}
            session.execute(update(JobRow).where(JobRow.id == job_id).values(**values))

        self.do(move)

    def requeue(self) -> None:
        self.do(jobs.requeue_orphans, SILENT, 5)


@pytest.fixture
def store(context: Context) -> Store:
    return Store(context)


def test_one_of_two_claims_wins(store: Store) -> None:
    job_id = store.add()
    assert store.do(jobs.claim, job_id)
    assert not store.do(jobs.claim, job_id)
    assert not store.do(jobs.claim, "unknown")
    job = store.job(job_id)
    assert (job.state, job.attempts) == ("running", 1)


def test_a_running_job_reports_and_ends(store: Store) -> None:
    job_id = store.add()
    store.do(jobs.claim, job_id)
    store.do(jobs.report, job_id, 1, done=2, total=5, message="half way")
    assert store.do(jobs.beat, job_id, 1)
    assert store.do(jobs.finish, job_id, 1, "succeeded")
    job = store.job(job_id)
    assert (job.state, job.done, job.total, job.message) == ("succeeded", 2, 5, "half way")
    assert job.finished
    assert not store.do(jobs.finish, job_id, 1, "failed", "late"), "a final state is final"
    assert store.job(job_id).error is None


def test_a_silent_worker_loses_its_job_and_cannot_write_over_the_next(store: Store) -> None:
    job_id = store.add()
    store.do(jobs.claim, job_id)
    store.requeue()
    assert store.job(job_id).state == "running", "it has not been silent for long"
    store.age(job_id, heartbeat_at=SILENT * 2)
    store.requeue()
    assert store.job(job_id).state == "queued"
    assert store.do(jobs.claim, job_id)
    assert not store.do(jobs.beat, job_id, 1)
    store.do(jobs.report, job_id, 1, done=9, total=9, message="from the dead")
    assert not store.do(jobs.finish, job_id, 1, "failed")
    job = store.job(job_id)
    assert (job.state, job.attempts, job.message) == ("running", 2, "")


def test_a_job_that_kills_its_workers_is_given_up(store: Store) -> None:
    job_id = store.add()
    for attempt in range(1, 6):
        assert store.do(jobs.claim, job_id), f"attempt {attempt}"
        store.age(job_id, heartbeat_at=SILENT * 2)
        store.requeue()
    job = store.job(job_id)
    assert job.state == "failed"
    assert "5 times" in str(job.error)
    assert job.finished_at is not None


def test_a_worker_that_shuts_down_gives_its_job_back_uncounted(store: Store) -> None:
    job_id = store.add()
    store.do(jobs.claim, job_id)
    store.do(jobs.release, job_id, 1)
    job = store.job(job_id)
    assert (job.state, job.attempts) == ("queued", 0)


def test_a_queued_job_is_cancelled_at_once(store: Store) -> None:
    job_id = store.add()
    store.do(jobs.request_cancel, job_id)
    assert store.job(job_id).state == "cancelled"
    assert not store.do(jobs.claim, job_id)


def test_the_worker_of_a_running_job_is_asked_to_stop(store: Store) -> None:
    job_id = store.add()
    store.do(jobs.claim, job_id)
    store.do(jobs.request_cancel, job_id)
    assert store.job(job_id).state == "running"
    assert not store.do(jobs.beat, job_id, 1)
    store.age(job_id, heartbeat_at=SILENT * 2)
    store.requeue()
    assert store.job(job_id).state == "cancelled", "its worker died before it could stop"


def test_messages_that_may_be_lost_are_sent_again(store: Store) -> None:
    job_id, wait = store.add(), timedelta(seconds=30)
    assert [row.id for row in store.do(jobs.take_unsent, wait)] == [job_id]
    assert not store.do(jobs.take_unsent, wait)
    store.age(job_id, sent_at=wait * 2)
    assert [row.id for row in store.do(jobs.take_unsent, wait)] == [job_id]
    store.do(jobs.claim, job_id)
    store.age(job_id, sent_at=wait * 2)
    assert not store.do(jobs.take_unsent, wait)


def test_only_an_active_job_of_the_same_kind_and_payload_is_the_same(store: Store) -> None:
    job_id = store.add()

    def active(kind: str, payload: dict[str, str]) -> str | None:
        row = store.do(jobs.find_active, kind, payload)
        return row.id if row else None

    assert active("embed", {"encoder_id": "e"}) == job_id
    assert active("embed", {"encoder_id": "other"}) is None
    assert active("register_encoder", {"encoder_id": "e"}) is None
    store.do(jobs.claim, job_id)
    assert active("embed", {"encoder_id": "e"}) == job_id
    store.do(jobs.finish, job_id, 1, "succeeded")
    assert active("embed", {"encoder_id": "e"}) is None


def test_a_resumed_job_starts_its_count_of_deaths_anew(store: Store) -> None:
    job_id = store.add()
    for _ in range(5):
        store.do(jobs.claim, job_id)
        store.age(job_id, heartbeat_at=SILENT * 2)
        store.requeue()
    assert store.job(job_id).state == "failed"
    assert store.do(jobs.resume, job_id)
    job = store.job(job_id)
    assert (job.state, job.error, job.finished_at) == ("queued", None, None)
    assert not store.do(jobs.resume, job_id), "it waits already"
    store.do(jobs.claim, job_id)
    store.age(job_id, heartbeat_at=SILENT * 2)
    store.requeue()
    assert store.job(job_id).state == "queued"
    assert store.job(job_id).attempts == 6, "an earlier worker is never taken for this one's"


def test_a_worker_that_lost_its_job_records_nothing(store: Store) -> None:
    job_id = store.add()
    store.do(jobs.claim, job_id)
    store.do(jobs.add_record, job_id, 1, {"step": 1})
    store.age(job_id, heartbeat_at=SILENT * 2)
    store.requeue()
    store.do(jobs.claim, job_id)
    store.do(jobs.add_record, job_id, 1, {"step": 99})
    store.do(jobs.add_record, job_id, 2, {"step": 2})
    assert store.do(jobs.records_after, job_id, 0, 10) == [
        {"number": 1, "step": 1},
        {"number": 2, "step": 2},
    ]


def test_a_cancelled_job_is_left_to_its_worker_while_that_ends_it(store: Store) -> None:
    job_id = store.add()
    store.do(jobs.claim, job_id)
    store.do(jobs.request_cancel, job_id)
    store.age(job_id, heartbeat_at=SILENT * 2)
    assert not store.do(jobs.beat, job_id, 1)
    store.requeue()
    assert store.job(job_id).state == "running"
