"""An import: a source's files read in threads and entered, with their labels, in batches.

A batch's rows, labels, errors and the job's own progress are committed together: whenever the
worker dies, the next one goes on behind the last batch, and nothing is lost or done twice.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from itertools import islice
from threading import Thread
from typing import Any

from sqlalchemy.orm import Session

from models.image_sources.ahead import map_ahead
from service.domain.errors import StorageFull
from service.interchange import ImageFile, ImportSource, OpenImport, SourceError
from service.storage import jobs, projects
from service.usecases.duplicates import flag_near_duplicates
from service.usecases.entering import enter_arrivals, enter_classes
from service.usecases.fitting import refit
from service.usecases.importing import open_source
from service.usecases.jobs import start_job
from worker.pace import Pace
from worker.reading import Read, Reader
from worker.running import JobStopped, RunningJob

BATCH = 256
BATCH_SECONDS = 1.0
# More than there are cores: files of buckets and of the web are waited for.
THREADS = 16
# Files read ahead while a batch is synced to the disk and committed.
AHEAD = BATCH
EMBED_SECONDS = 15.0
COUNTS = ("added", "known", "labelled", "failed")


def import_images(running: RunningJob) -> None:
    """Take the images of a source into the pool, from where an earlier attempt got to."""
    Import(running).run()


class Import:
    """One attempt at an import."""

    def __init__(self, running: RunningJob) -> None:
        job = running.job
        self._running, self._context = running, running.context
        self._project_id = str(job.project_id)
        self._done = job.done
        self._outcome: dict[str, Any] = dict.fromkeys(COUNTS, 0) | (job.outcome or {})
        self._pace = Pace(job.done)
        self._embedding_asked_at = 0.0

    def run(self) -> None:
        """To its end. Raises SourceError, StorageFull, and what `RunningJob.check` does."""
        self._running.say("Opening the source")
        with open_source(self._context, self._running.job.payload, self._running.check) as source:
            if not self._go_on(source):
                self._begin_anew()
                with source.opened() as files:
                    self._count = _Count(files)
                    self._enter_classes(files)
                    self._take(iter(files))
        self._end()

    def _go_on(self, source: ImportSource) -> bool:
        """Take what comes behind the last file entered; False where the source changed."""
        with source.opened() as files:
            self._count = _Count(files)
            self._enter_classes(files)
            rest = iter(files)
            if self._done:
                last = next(islice(rest, self._done - 1, None), None)
                if last is None or last.name != self._outcome.get("last"):
                    return False
            self._take(rest)
        return True

    def _enter_classes(self, files: OpenImport) -> None:
        """Those without an image too, where images come in as examples of classes.

        Behind the first batch they are there, or were deleted by somebody since.
        """
        if not self._done and self._running.job.payload["labels"] == "labels":
            names = files.classes()
            with self._context.database.write() as session:
                enter_classes(session, self._project_id, names)

    def _begin_anew(self) -> None:
        """Forget the place and the errors; images that are in are known by their content."""
        job = self._running.job
        self._done = 0
        self._outcome |= {"known": 0, "failed": 0, "last": None}
        with self._context.database.write() as session:
            jobs.drop_records(session, job.id)
            self._report(session)

    def _take(self, files: Iterator[ImageFile]) -> None:
        payload = self._running.job.payload
        reader = Reader(
            self._context,
            self._project_id,
            payload["labels"],
            refer=payload["keep"] == "reference",
        )
        for batch in _batches(map_ahead(reader.read, files, THREADS, AHEAD)):
            self._commit(batch)
            self._ask_for_embedding()
            self._running.check()

    def _commit(self, batch: Sequence[Read]) -> None:
        """Enter a batch. Raises JobStopped where another worker has the job."""
        arrivals = [read.arrival for read in batch if read.arrival]
        self._context.images.sync(each.sha256 for each in arrivals if each.kept)
        with self._context.database.write() as session:
            entered = enter_arrivals(self._context, session, self._project_id, arrivals)
            errors = [read.error for read in batch if read.error] + entered.errors
            jobs.add_records(session, self._running.job.id, [asdict(error) for error in errors])
            new = (entered.added, entered.known, entered.labelled, len(errors))
            before = [self._outcome[name] for name in COUNTS]
            counts = (old + more for old, more in zip(before, new, strict=True))
            outcome = dict(zip(COUNTS, counts, strict=True)) | {"last": batch[-1].name}
            self._outcome |= outcome
            self._done += len(batch)
            self._report(session)

    def _report(self, session: Session) -> None:
        job = self._running.job
        held = jobs.report(
            session,
            job.id,
            job.attempts,
            done=self._done,
            total=max(self._done, self._count.total),
            message="Importing images",
            rate=self._pace.at(self._done),
            outcome=self._outcome,
        )
        if not held:
            raise JobStopped

    def _ask_for_embedding(self) -> None:
        """Have the images embedded while others still come in."""
        if time.monotonic() - self._embedding_asked_at < EMBED_SECONDS:
            return
        self._embedding_asked_at = time.monotonic()
        with self._context.database.read() as session:
            project = projects.get_project(session, self._project_id)
            wanted = {project.encoder_id, project.next_encoder_id} - {None}
        for encoder_id in wanted:
            start_job(self._context, "embed", {"encoder_id": encoder_id})

    def _end(self) -> None:
        """What is done once: near-duplicates, the embedding of the last images, a new version."""
        flagged = flag_near_duplicates(self._context, self._project_id, self._running.say)
        self._outcome["near_duplicates"] = flagged
        self._embedding_asked_at = 0.0
        self._ask_for_embedding()
        if self._outcome["labelled"]:
            self._running.say("Fitting the classifier")
            refit(self._context, self._project_id)
        with self._context.database.write() as session:
            self._report(session)


class _Count:
    """How many files a source has, counted beside the import; 0 until it is known."""

    def __init__(self, files: OpenImport) -> None:
        self.total = 0
        self._files = files
        Thread(target=self._run, name="count", daemon=True).start()

    def _run(self) -> None:
        # The import is over, and its source closed, or its unpacked archive gone.
        with suppress(SourceError, ValueError, OSError):
            self.total = self._files.count()


def _batches(reads: Iterable[Read]) -> Iterator[list[Read]]:
    """Batches bounded in number and time; what came before an error comes before it."""
    batch: list[Read] = []
    since = time.monotonic()
    try:
        for read in reads:
            batch.append(read)
            if len(batch) >= BATCH or time.monotonic() - since > BATCH_SECONDS:
                yield batch
                batch, since = [], time.monotonic()
    except (StorageFull, SourceError):
        if batch:
            yield batch
        raise
    if batch:
        yield batch
