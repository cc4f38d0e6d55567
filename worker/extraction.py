"""Embedding the pool: a job that all workers of its queue share.

One worker has the job: it tells how far all of them are, fits what the images were for, and ends
it. Every other that receives the job's message while it runs helps. All of them, the job's own
worker too, take parts, which are runs of images, until none is left; what a worker that died had
not committed, the next one takes over.
"""

import threading
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from models.gpu import count_gpus
from models.onnx_encoder import OnnxEncoder
from service.domain.entities import Job
from service.domain.errors import NotFound
from service.storage import extraction
from service.storage.extraction import Extracted
from service.usecases.context import Context
from service.usecases.duplicates import flag_near_duplicates
from service.usecases.embedding import count_pending, still_pending, switch_encoders
from service.usecases.fitting import refit
from worker import resources
from worker.running import JobStopped, RunningJob, WorkerStopping
from worker.share import Share

if TYPE_CHECKING:
    from models.encoder import TorchEncoder

WAIT_SECONDS = 0.5


def embed(running: RunningJob) -> None:
    """Embed every image that waits for the encoder, with whoever helps; then refit."""
    owner = _Owner(running)
    owner.report("Opening the encoder")
    encoder = open_encoder(running.context, running.job)
    while not owner.embed(encoder):
        if owner.report("Embedding images").unfinished:
            time.sleep(WAIT_SECONDS)  # others are at work
    owner.end()


def help_embedding(context: Context, job: Job, stopping: threading.Event) -> None:
    """Take parts of a job that another worker has, until there are none."""

    def check() -> None:
        if stopping.is_set():
            raise WorkerStopping

    with resources.place(job.id) as free, suppress(JobStopped, WorkerStopping):
        if free:
            Share(context, job.id, open_encoder(context, job), check).run()


def open_encoder(context: Context, job: Job) -> "TorchEncoder | OnnxEncoder":
    """The job's encoder where it runs fastest: on CUDA by torch, else on the CPU by ONNX Runtime.

    There a thread for each core embeds a batch of its own: threads that share one wait for each
    other. Raises EncoderError.
    """
    return _open(context.settings.encoders_dir / job.payload["encoder_id"])


@lru_cache(maxsize=2)
def _open(folder: Path) -> "TorchEncoder | OnnxEncoder":
    if not count_gpus():
        return OnnxEncoder(folder, threads=1)
    from models.encoder import TorchEncoder  # with torch, which takes seconds

    return TorchEncoder(folder)


class _Owner:
    """What only the worker that has the job does: tell how far it is, refit, and end it."""

    def __init__(self, running: RunningJob) -> None:
        self._running = running
        self._context = running.context
        self._encoder_id: str = running.job.payload["encoder_id"]
        self._fitted = set[str]()
        self._total = self._extracted().embedded + count_pending(self._context, self._encoder_id)

    def embed(self, encoder: "TorchEncoder | OnnxEncoder") -> bool:
        """Embed what can be taken; whether there was nothing left, not even images just come in.

        Another thread of this process may be at it: it helped before the job came here.
        """
        running = self._running
        with resources.place(running.job.id) as free:
            if not free:
                time.sleep(WAIT_SECONDS)
                return False
            share = Share(self._context, running.job.id, encoder, running.check, self.follow)
            return not share.run() and not self._extracted().unfinished

    def follow(self, projects: set[str]) -> None:
        """Images of these projects were committed here."""
        self._refit(projects - self._fitted)  # labels answer before the whole pool is in
        self._fitted |= projects
        with suppress(JobStopped, WorkerStopping):  # the share ends by itself, with what it began
            self.report("Embedding images")

    def report(self, message: str) -> Extracted:
        """Tell, and give, how far all workers are. Raises JobStopped or WorkerStopping."""
        so_far = self._extracted()
        total = max(self._total, so_far.images)  # images may have come in meanwhile
        self._running.report(done=so_far.embedded, total=total, message=message)
        return so_far

    def end(self) -> None:
        """Refit all that got embeddings, and flag copies among them.

        Raises FileNotFoundError where files could not be read.
        """
        job_id = self._running.job.id
        with self._context.database.read() as session:
            projects = extraction.projects_of(session, job_id)
            unreadable = extraction.unreadable(session, job_id)
        self._refit(projects.union(switch_encoders(self._context, self._encoder_id)))
        for project_id in projects:
            with suppress(NotFound):  # the project was deleted in the meantime
                flag_near_duplicates(self._context, project_id, self._running.say)
        if lost := still_pending(self._context, self._encoder_id, unreadable):
            raise FileNotFoundError(
                f"The files of {len(lost)} images are missing or damaged; the first is image "
                f"{lost[0]}. Delete these images or put the image store back."
            )

    def _extracted(self) -> Extracted:
        with self._context.database.read() as session:
            return extraction.extracted(session, self._running.job.id)

    def _refit(self, project_ids: set[str]) -> None:
        for project_id in project_ids:
            with suppress(NotFound):  # the project was deleted in the meantime
                refit(self._context, project_id)
