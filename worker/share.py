"""One worker's share of an extraction: parts taken, images read ahead, embedded and committed."""

import os
import platform
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby, islice
from operator import attrgetter
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from models.features import Features
from models.image_sources.ahead import map_ahead
from models.threads import usable_cores
from service.storage import embeddings, extraction
from service.storage.embeddings import WaitingImage
from service.storage.extraction import Part, PartResult, Worker
from service.usecases.context import Context
from service.usecases.embedding import Encoder, open_crop
from service.usecases.jobs import SILENT_AFTER
from worker.running import BEAT_SECONDS, JobStopped

# A part is about so much of a worker's time: the longest that the others wait for it at the end.
PART_SECONDS = 10.0
SMALLEST_PART, FIRST_PART, LARGEST_PART = 256, 512, 8192
COMMIT_SECONDS, COMMIT_IMAGES = 1.0, 2048
# Some of them reach threads of workers that take parts already, and have nothing to do there.
INVITATIONS = 4
# Images that a thread opens one after the other: handed over singly, a small one costs as much in
# the handing as in the opening.
RUN = 8
# Images that wait for the forward pass, or behind it, while results are being committed.
WAITING_IMAGES = 128
# While objects of a remote store are on their way, others can be asked for.
REMOTE_READS_A_CORE = 8


@dataclass(frozen=True)
class _Run:
    """Images of the part that begins with the image `part`; whether they are its last ones."""

    part: int
    images: Sequence[WaitingImage]
    last: bool


@dataclass(frozen=True)
class _Opened:
    """A run's images that could be read, their crops (n, side, side, 3), and what it comes to."""

    images: Sequence[WaitingImage]
    crops: NDArray[np.uint8]
    result: PartResult


@dataclass(frozen=True)
class _Embedded:
    """Runs that went through the encoder together: their images' features (n, d)."""

    images: Sequence[WaitingImage]
    features: Features
    results: Sequence[PartResult]


class Share:
    """What one worker does for an embed job until no part is left.

    Where it is to stop it begins nothing more: takes no part, opens and embeds no image. What was
    begun is handed out before the stop, which comes at the turn of what was not.

    `check` raises JobStopped or WorkerStopping where the worker is to stop; `committed` is told
    the projects of images that were just committed.
    """

    def __init__(
        self,
        context: Context,
        job_id: str,
        encoder: Encoder,
        check: Callable[[], None],
        committed: Callable[[set[str]], None] = lambda _: None,
    ) -> None:
        self._context = context
        self._encoder = encoder
        # Its host and process, for who looks where a part is; and a name of its own.
        holder = f"{platform.node()} {os.getpid()} {uuid4().hex}"
        self._worker = Worker(job_id, encoder.manifest.encoder_id, holder)
        self._run_size = min(RUN, encoder.batch_size)
        self._runs_a_batch = max(1, encoder.batch_size // RUN)
        self._check_job = check
        self._committed = committed
        self._unwanted = threading.Event()
        self._buffer: list[_Embedded] = []
        self._images, self._began = 0, time.monotonic()
        self._took = False
        self._committed_at = -COMMIT_SECONDS  # the first batch at once: someone may wait for it

    def run(self) -> bool:
        """Take parts and embed them; whether there were any. Raises JobStopped or WorkerStopping.

        Opening images and the forward pass run ahead, in threads of their own, of the commits.
        """
        with self._beating():
            try:
                self._embed_all()
            finally:
                self._commit()  # what is computed is worth keeping, also when it is to stop
        return self._took

    def _embed_all(self) -> None:
        threads = usable_cores() * (REMOTE_READS_A_CORE if self._context.images.is_remote else 1)
        size, streams = self._encoder.batch_size, self._encoder.streams
        ahead = threads + 2 * self._runs_a_batch
        waiting = max(2 * streams, WAITING_IMAGES // size)
        with (
            closing(map_ahead(self._opener(), self._runs(), threads, ahead)) as opened,
            closing(map_ahead(self._embed, self._batches(opened), streams, waiting)) as done,
        ):
            for embedded in done:
                self._buffer.append(embedded)
                self._images += len(embedded.images)
                if self._is_due():
                    self._commit()

    def _check(self) -> None:
        self._check_job()
        if self._unwanted.is_set():
            raise JobStopped

    def _runs(self) -> Iterator[_Run]:
        """The images of one part after the other, taken when the last one has been read."""
        while part := self._take():
            for start in range(0, len(part.images), self._run_size):
                images = part.images[start : start + self._run_size]
                last = start + len(images) == len(part.images)
                yield _Run(part.first_image_id, images, last)

    def _take(self) -> Part | None:
        self._check()
        worker, size = self._worker, self._part_size()
        with self._context.database.read() as session:
            after = extraction.taken_until(session, worker)
        with self._context.database.write() as session:
            part = extraction.take_part(session, worker, size, SILENT_AFTER, after)
            if part is None and not extraction.is_wanted(session, worker):
                raise JobStopped  # no beat may have told yet: not all is done
        if part is not None and part.more:
            self._invite()
        self._took = self._took or part is not None
        return part

    def _invite(self) -> None:
        """Let workers that have nothing to do know of the job."""
        for _ in range(INVITATIONS):
            if not self._context.queue.send(self._worker.job_id, "embed"):
                return  # the broker is away: what would wait for it is better spent embedding

    def _part_size(self) -> int:
        if not self._images:
            return FIRST_PART
        a_second = self._images / (time.monotonic() - self._began)
        return min(max(SMALLEST_PART, int(PART_SECONDS * a_second)), LARGEST_PART)

    def _opener(self) -> Callable[[_Run], _Opened]:
        transform = self._encoder.manifest.transform
        # Of images that were read no more are decoded at once than there are cores for it.
        decoding = threading.BoundedSemaphore(usable_cores())

        def open_run(run: _Run) -> _Opened:
            self._check()
            crops = np.empty((len(run.images), transform.crop, transform.crop, 3), np.uint8)
            images, unreadable = list[WaitingImage](), list[int]()
            for image in run.images:
                crop = open_crop(self._context, image.id, image.sha256, transform, decoding)
                if crop is None:
                    unreadable.append(image.id)
                else:
                    crops[len(images)] = crop
                    images.append(image)
            result = PartResult(run.part, len(images), unreadable, run.last)
            return _Opened(images, crops[: len(images)], result)

        return open_run

    def _batches(self, opened: Iterator[_Opened]) -> Iterator[list[_Opened]]:
        while batch := list(islice(opened, self._runs_a_batch)):
            yield batch

    def _embed(self, batch: Sequence[_Opened]) -> _Embedded:
        self._check()
        images = [image for each in batch for image in each.images]
        crops = np.concatenate([each.crops for each in batch]) if len(batch) > 1 else batch[0].crops
        features = (
            self._encoder.embed_crops(crops)
            if images
            else np.empty((0, self._encoder.manifest.dimension), np.float32)
        )
        return _Embedded(images, features, [each.result for each in batch])

    def _is_due(self) -> bool:
        late = time.monotonic() - self._committed_at > COMMIT_SECONDS
        return late or sum(len(each.images) for each in self._buffer) >= COMMIT_IMAGES

    def _commit(self) -> None:
        """Commit what is embedded, and count it for its parts, in one transaction."""
        buffered, self._buffer = self._buffer, []
        if not buffered:
            return
        images = [image for each in buffered for image in each.images]
        features = np.concatenate([each.features for each in buffered])
        with self._context.database.write() as session:
            ids = [image.id for image in images]
            embeddings.add_embeddings(session, self._worker.encoder_id, ids, features)
            for result in _by_part([result for each in buffered for result in each.results]):
                extraction.note(session, self._worker, result)
        self._committed_at = time.monotonic()
        self._committed({image.project_id for image in images})

    @contextmanager
    def _beating(self) -> Iterator[None]:
        """Show that this worker lives as long as it holds parts, and let go of them at the end."""
        over = threading.Event()
        heart = threading.Thread(target=self._beat, args=(over,), daemon=True)
        heart.start()
        try:
            yield
        finally:
            over.set()
            heart.join()
            if self._took:
                with self._context.database.write() as session:
                    extraction.let_go(session, self._worker)

    def _beat(self, over: threading.Event) -> None:
        while not over.wait(BEAT_SECONDS):
            with suppress(Exception):  # a beat that fails is one missed; the next may get through
                with self._context.database.write() as session:
                    wanted = extraction.beat(session, self._worker)
                if not wanted:
                    self._unwanted.set()


def _by_part(results: Sequence[PartResult]) -> Iterator[PartResult]:
    """What became of the images of each part, from what did of its runs, in their order."""
    for part, of_part in groupby(results, attrgetter("first_image_id")):
        runs = list(of_part)
        yield PartResult(
            part,
            sum(run.embedded for run in runs),
            [image_id for run in runs for image_id in run.unreadable],
            any(run.finished for run in runs),
        )
