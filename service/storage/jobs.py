"""Rows of jobs. Each change of state is one guarded update: two workers never share a job."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import uuid4

from sqlalchemy import ColumnElement, CursorResult, delete, func, select, update
from sqlalchemy.orm import Session

from service.domain.entities import Job, now
from service.domain.errors import NotFound
from service.storage.tables import ExtractionPartRow, JobRecordRow, JobRow

ACTIVE = ("queued", "running")


def add_job(
    session: Session, kind: str, payload: dict[str, Any], project_id: str | None = None
) -> JobRow:
    """A new queued job."""
    row = JobRow(id=uuid4().hex, kind=kind, payload=payload, project_id=project_id)
    session.add(row)
    session.flush()
    return row


def get_job(session: Session, job_id: str) -> JobRow:
    """The job's row. Raises NotFound."""
    row = session.get(JobRow, job_id)
    if row is None:
        raise NotFound("unknown-job", f"There is no job '{job_id}'.")
    return row


def list_jobs(session: Session, limit: int, kind: str | None = None) -> list[JobRow]:
    """The newest jobs first; of one kind, if it is given."""
    rows = select(JobRow).order_by(JobRow.created_at.desc()).limit(limit)
    return list(session.scalars(rows.where(JobRow.kind == kind) if kind else rows))


def not_succeeded(session: Session, job_ids: Sequence[str]) -> set[str]:
    """Those of the jobs that exist and have yet to succeed."""
    rows = select(JobRow.id).where(JobRow.id.in_(job_ids), JobRow.state != "succeeded")
    return set(session.scalars(rows))


def ended_before(session: Session, job_ids: Sequence[str], moment: datetime) -> set[str]:
    """Those of the jobs that ended before the moment, or that there are no rows of."""
    young = (JobRow.finished_at.is_(None)) | (JobRow.finished_at >= moment)
    rows = select(JobRow.id).where(JobRow.id.in_(job_ids), young)
    return set(job_ids) - set(session.scalars(rows))


def find_active(
    session: Session, kind: str, payload: dict[str, Any], project_id: str | None = None
) -> JobRow | None:
    """A queued or running job that does this for this project, if there is one.

    None that was cancelled and has yet to stop: it will not do what is asked for now.
    """
    goes_on = JobRow.state.in_(ACTIVE) & JobRow.cancel_requested.is_(False)
    rows = select(JobRow).where(JobRow.kind == kind, JobRow.project_id == project_id, goes_on)
    return next((row for row in session.scalars(rows) if row.payload == payload), None)


def active_payloads(session: Session, kind: str) -> list[dict[str, Any]]:
    """What the queued and running jobs of this kind are to do, those being cancelled too."""
    rows = select(JobRow.payload).where(JobRow.kind == kind, JobRow.state.in_(ACTIVE))
    return list(session.scalars(rows))


def ended_badly(
    session: Session,
    kind: str,
    payload: dict[str, Any],
    since: datetime,
    project_id: str | None = None,
) -> bool:
    """Whether such a job for this project failed or was cancelled after the moment `since`.

    One that was cancelled and has yet to stop counts too.
    """
    ended = JobRow.state.in_(("failed", "cancelled")) & (JobRow.finished_at > since)
    ending = JobRow.state.in_(ACTIVE) & JobRow.cancel_requested.is_(True)
    rows = select(JobRow).where(
        JobRow.kind == kind, JobRow.project_id == project_id, ended | ending
    )
    return any(row.payload == payload for row in session.scalars(rows))


def claim(session: Session, job_id: str) -> bool:
    """Take a queued job for this worker; False where another has it or it is over."""
    moment = now()
    return _change(
        session,
        [JobRow.id == job_id, JobRow.state == "queued"],
        state="running",
        attempts=JobRow.attempts + 1,
        heartbeat_at=moment,
        started_at=moment,
    )


def beat(session: Session, job_id: str, attempt: int) -> bool:
    """Show that the worker lives; False where the job is not its own any more, or cancelled."""
    held = _held(job_id, attempt)
    # A cancelled one beats on until it has stopped: nobody else shall take it up meanwhile.
    alive = _change(session, held, heartbeat_at=now())
    return alive and not get_job(session, job_id).cancel_requested


def report(
    session: Session,
    job_id: str,
    attempt: int,
    *,
    done: int,
    total: int,
    message: str,
    rate: float | None = None,
    outcome: dict[str, Any] | None = None,
) -> bool:
    """Note how far the job is, how many it does a second, and what came of it, if that is given.

    False where the job is another worker's now.
    """
    more = {} if outcome is None else {"outcome": outcome}
    held = _held(job_id, attempt)
    return _change(session, held, done=done, total=total, message=message, rate=rate, **more)


def add_record(session: Session, job_id: str, attempt: int, content: dict[str, Any]) -> None:
    """Keep what the job says of itself under the next number."""
    if session.scalar(select(JobRow.id).where(*_held(job_id, attempt))) is None:
        return
    last = select(func.max(JobRecordRow.number)).where(JobRecordRow.job_id == job_id)
    number = (session.scalar(last) or 0) + 1
    session.add(JobRecordRow(job_id=job_id, number=number, content=content))


def add_records(session: Session, job_id: str, contents: Sequence[dict[str, Any]]) -> None:
    """Keep these records in their order, behind those that there are."""
    last = select(func.max(JobRecordRow.number)).where(JobRecordRow.job_id == job_id)
    first = (session.scalar(last) or 0) + 1
    session.add_all(
        JobRecordRow(job_id=job_id, number=number, content=content)
        for number, content in enumerate(contents, first)
    )


def drop_records(session: Session, job_id: str) -> None:
    """Forget what the job said of itself."""
    session.execute(delete(JobRecordRow).where(JobRecordRow.job_id == job_id))


def count_records(session: Session, job_id: str) -> int:
    """Number of the job's records: they are numbered without gaps."""
    last = select(func.max(JobRecordRow.number)).where(JobRecordRow.job_id == job_id)
    return session.scalar(last) or 0


def records_after(session: Session, job_id: str, number: int, limit: int) -> list[dict[str, Any]]:
    """The job's first records behind this number in their order, each with its own."""
    rows = session.scalars(
        select(JobRecordRow)
        .where(JobRecordRow.job_id == job_id, JobRecordRow.number > number)
        .order_by(JobRecordRow.number)
        .limit(limit)
    )
    return [row.content | {"number": row.number} for row in rows]


def finish(
    session: Session, job_id: str, attempt: int, state: str, error: str | None = None
) -> bool:
    """End the job in a final state; False where it is no longer this worker's."""
    held = _held(job_id, attempt)
    ended = _change(session, held, state=state, error=error, finished_at=now())
    if ended:
        _forget_parts(session, job_id)
    return ended


def release(session: Session, job_id: str, attempt: int) -> None:
    """Put a running job back, not counting the attempt: its worker shuts down in good order."""
    _change(
        session,
        _held(job_id, attempt),
        state="queued",
        sent_at=None,
        attempts=JobRow.attempts - 1,
    )


def request_cancel(session: Session, job_id: str) -> None:
    """End a queued job at once; ask the worker of a running one to stop."""
    queued = [JobRow.id == job_id, JobRow.state == "queued"]
    _change(session, queued, state="cancelled", finished_at=now())
    _change(session, [JobRow.id == job_id, JobRow.state == "running"], cancel_requested=True)


def resume(session: Session, job_id: str) -> bool:
    """Queue a job again that failed or was cancelled; False where it is in another state.

    What could not be read is tried again: of an extraction's parts none counts as done.
    """
    resumed = _change(
        session,
        [JobRow.id == job_id, JobRow.state.in_(("failed", "cancelled"))],
        state="queued",
        message="",
        error=None,
        forgiven=JobRow.attempts,
        cancel_requested=False,
        sent_at=None,
        finished_at=None,
    )
    if resumed:
        _forget_parts(session, job_id)
    return resumed


def requeue_orphans(session: Session, silent: timedelta, max_attempts: int) -> None:
    """Put running jobs whose worker fell silent back; give up those that did so too often."""
    orphaned = [JobRow.state == "running", JobRow.heartbeat_at < now() - silent]
    _change(
        session,
        [*orphaned, JobRow.cancel_requested.is_(True)],
        state="cancelled",
        finished_at=now(),
    )
    gave_up = f"Its worker died {max_attempts} times. See the worker's log, then start it again."
    _change(
        session,
        [*orphaned, JobRow.attempts - JobRow.forgiven >= max_attempts],
        state="failed",
        error=gave_up,
        finished_at=now(),
    )
    _change(session, orphaned, state="queued", sent_at=None)


def take_unsent(session: Session, older_than: timedelta) -> list[JobRow]:
    """Queued jobs never sent to the broker, or so long ago that it may have lost them."""
    stale = (JobRow.sent_at.is_(None)) | (JobRow.sent_at < now() - older_than)
    rows = list(session.scalars(select(JobRow).where(JobRow.state == "queued", stale)))
    for row in rows:
        row.sent_at = now()
    return rows


def job_from_row(row: JobRow) -> Job:
    """The entity of a row."""
    names = Job.__dataclass_fields__
    return Job(**{name: getattr(row, name) for name in names})


def _forget_parts(session: Session, job_id: str) -> None:
    session.execute(delete(ExtractionPartRow).where(ExtractionPartRow.job_id == job_id))


def _held(job_id: str, attempt: int) -> list[ColumnElement[bool]]:
    # A worker that was taken for dead, and replaced, must not write over its successor.
    return [JobRow.id == job_id, JobRow.state == "running", JobRow.attempts == attempt]


def _change(
    session: Session, where: list[ColumnElement[bool]], **values: str | int | datetime | Any
) -> bool:
    result = session.execute(
        update(JobRow).where(*where).values(**values).execution_options(synchronize_session=False)
    )
    return cast(CursorResult[Any], result).rowcount > 0
