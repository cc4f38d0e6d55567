"""One job from claim to end: heartbeat, progress, cancellation, and an honest last state."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog

from service.domain.entities import Job
from service.storage import jobs
from service.storage.tables import JobRow
from service.usecases.context import Context

BEAT_SECONDS = 4.0
log = structlog.get_logger()


class JobStopped(Exception):
    """The job shall not go on here: it was cancelled, or another worker has it."""


class WorkerStopping(Exception):
    """This worker is shutting down; the job goes back to the queue."""


class RunningJob:
    """A claimed job. Handlers call `report` or `check` between steps, where they may be stopped."""

    def __init__(self, context: Context, job: Job, stopping: threading.Event) -> None:
        self.context = context
        self.job = job
        self._stopping = stopping
        self._lost = threading.Event()
        self._over = threading.Event()

    def check(self) -> None:
        """Raise JobStopped or WorkerStopping where the job is to end here."""
        if self._lost.is_set():
            raise JobStopped
        if self._stopping.is_set():
            raise WorkerStopping

    def report(self, *, done: int, total: int, message: str) -> None:
        """Note progress. Raises JobStopped or WorkerStopping where the job is to end here."""
        self.check()
        with self.context.database.write() as session:
            jobs.report(
                session, self.job.id, self.job.attempts, done=done, total=total, message=message
            )

    def say(self, message: str) -> None:
        """Tell what is being done, where its progress is not counted anew. Raises as `report`."""
        self.check()
        with self.context.database.write() as session:
            row = jobs.get_job(session, self.job.id)
            done, total = row.done, row.total
            jobs.report(session, row.id, self.job.attempts, done=done, total=total, message=message)

    def record(self, content: dict[str, Any], progress: tuple[int, int, str] | None = None) -> None:
        """Keep what the job says of itself, with its progress where that is known.

        Nothing is kept where the job is no longer this worker's.
        """
        job = self.job
        if "message" in content:
            content = content | {"message": self._shown(content["message"])}
        with self.context.database.write() as session:
            if progress is not None:
                done, total, message = progress
                jobs.report(session, job.id, job.attempts, done=done, total=total, message=message)
            jobs.add_record(session, job.id, job.attempts, content)

    def run(self, handler: Callable[["RunningJob"], None]) -> None:
        """Run the handler to a final state, or put the job back if this worker is stopping."""
        heart = threading.Thread(target=self._beat, name=f"beat-{self.job.id}", daemon=True)
        heart.start()
        try:
            handler(self)
            self._finish("succeeded")
        except JobStopped:
            self._finish("cancelled")
        except WorkerStopping:
            with self.context.database.write() as session:
                jobs.release(session, self.job.id, self.job.attempts)
        except Exception as error:  # whatever a handler fails with is the job's outcome
            log.exception("job_failed", job_id=self.job.id, kind=self.job.kind)
            self._finish("failed", self._shown(_words(error)))
        finally:
            self._over.set()
            heart.join()

    def _shown(self, words: str) -> str:
        """As whoever asks for the job reads it: without the place of the service's own folder."""
        folder = self.context.settings.data_dir
        for name in (folder.resolve(), folder.absolute()):
            words = words.replace(f"{name}/", "")
        return words

    def _finish(self, state: str, error: str | None = None) -> None:
        with self.context.database.write() as session:
            jobs.finish(session, self.job.id, self.job.attempts, state, error)
        log.info("job_over", job_id=self.job.id, kind=self.job.kind, state=state, error=error)

    def _beat(self) -> None:
        while not self._over.wait(BEAT_SECONDS):
            with suppress(Exception):  # a beat that fails is one missed; the next may get through
                with self.context.database.write() as session:
                    held = jobs.beat(session, self.job.id, self.job.attempts)
                if not held:
                    self._lost.set()


def _words(error: Exception) -> str:
    """As databases and JSON can hold them: they may speak of files whose names no text can hold."""
    words = str(error).replace("\0", "") or type(error).__name__
    return words.encode(errors="backslashreplace").decode()


def look_up(context: Context, job_id: str) -> Job | None:
    """The job as it is now; None where there is no such job any more."""
    with context.database.read() as session:
        row = session.get(JobRow, job_id)
        return jobs.job_from_row(row) if row else None


def claim(context: Context, job_id: str, stopping: threading.Event) -> RunningJob | None:
    """Take the job for this worker; None where there is nothing to do for it."""
    with context.database.write() as session:
        if not jobs.claim(session, job_id):
            return None
        job = jobs.job_from_row(jobs.get_job(session, job_id))
    return RunningJob(context, job, stopping)
