"""Jobs: made in the database, told to the broker after the commit, found again when it forgets."""

from datetime import timedelta
from typing import Any

from service.domain.entities import Job, now
from service.domain.errors import Conflict
from service.storage import jobs
from service.storage.tables import EncoderRow
from service.usecases.context import Context

# A worker beats every few seconds; one silent for this long is dead or cut off.
SILENT_AFTER = timedelta(seconds=20)
RESEND_AFTER = timedelta(seconds=30)
MAX_ATTEMPTS = 5
RETRY_AFTER = timedelta(minutes=5)
MAX_RECORDS = 10_000
# Those that go on where they stopped; others start anew.
RESUMABLE = ("import", "pretrain")


def start_job(
    context: Context, kind: str, payload: dict[str, Any], project_id: str | None = None
) -> Job:
    """Queue a job, or hand back the one that is already doing the same."""
    with context.database.write() as session:
        row = jobs.find_active(session, kind, payload, project_id)
        row = row or jobs.add_job(session, kind, payload, project_id)
        job = jobs.job_from_row(row)
    if job.state == "queued":
        context.queue.send(job.id, kind)
    return job


def start_again(
    context: Context, kind: str, payload: dict[str, Any], project_id: str | None = None
) -> None:
    """Queue a job that something waits for, but not over and over one that just ended badly."""
    with context.database.read() as session:
        resting = jobs.ended_badly(session, kind, payload, now() - RETRY_AFTER, project_id)
    if not resting:
        start_job(context, kind, payload, project_id)


def get_job(context: Context, job_id: str) -> Job:
    """One job. Raises NotFound."""
    with context.database.read() as session:
        return jobs.job_from_row(jobs.get_job(session, job_id))


def list_records(
    context: Context, job_id: str, after: int = 0, limit: int = MAX_RECORDS
) -> list[dict[str, Any]]:
    """What a job says of itself, behind the record `after`. Raises NotFound."""
    with context.database.read() as session:
        jobs.get_job(session, job_id)
        return jobs.records_after(session, job_id, after, limit)


def list_jobs(context: Context, limit: int = 50, kind: str | None = None) -> list[Job]:
    """The newest jobs first; of one kind, if it is given."""
    with context.database.read() as session:
        return [jobs.job_from_row(row) for row in jobs.list_jobs(session, limit, kind)]


def cancel_job(context: Context, job_id: str) -> Job:
    """Cancel a job: at once when it waits, within seconds when it runs.

    Raises NotFound, and Conflict where it is already over.
    """
    job = get_job(context, job_id)
    if job.finished:
        raise Conflict("job-over", f"Job '{job_id}' is over already: it {job.state}.")
    with context.database.write() as session:
        jobs.request_cancel(session, job_id)
    return get_job(context, job_id)


def resume_job(context: Context, job_id: str) -> Job:
    """Queue a job again that failed or was cancelled; it goes on where it stopped.

    Raises NotFound, and Conflict for a job of a kind that starts anew or in another state.
    """
    job = get_job(context, job_id)
    if job.kind not in RESUMABLE:
        detail = f"Job '{job_id}' is of kind '{job.kind}', which starts anew: ask for another."
        raise Conflict("not-resumable", detail)
    with context.database.write() as session:
        if not jobs.resume(session, job_id):
            detail = f"Job '{job_id}' is {job.state}: only a failed or cancelled one resumes."
            raise Conflict("not-resumable", detail)
    context.queue.send(job_id, job.kind)
    return get_job(context, job_id)


def reconcile(context: Context) -> None:
    """Put orphaned jobs back, and resend what the broker may have lost."""
    with context.database.write() as session:
        jobs.requeue_orphans(session, SILENT_AFTER, MAX_ATTEMPTS)
        lost = [(row.id, row.kind) for row in jobs.take_unsent(session, RESEND_AFTER)]
    for job_id, kind in lost:
        context.queue.send(job_id, kind)


def ensure_encoder(context: Context) -> None:
    """Have the encoder that the settings name registered where it is not yet."""
    spec = context.settings.encoder
    with context.database.read() as session:
        missing = session.query(EncoderRow).filter_by(source=spec).first() is None
    if missing:
        start_again(context, "register_encoder", {"spec": spec})
