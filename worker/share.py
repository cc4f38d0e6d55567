"""One worker's share of an extraction: parts taken, images read ahead, embedded and committed."""

import os
import platform
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
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
# While objects of a remote store are on their way, others can be asked for.
REMOTE_READS_A_CORE = 8


@dataclass(frozen=True)
class _Item:
    """An image of the part that begins with the image `part`; whether it is the last one."""

    part: int
    image: WaitingImage
    last: bool


# With its crop (side, side, 3), where it can be read.
_Opened = tuple[_Item, NDArray[np.uint8] | None]


@dataclass(frozen=True)
class _Embedded:
    """Images that went through the encoder together: features (n, d) of those that were read."""

    read: Sequence[_Item]
    unreadable: Sequence[_Item]
    features: Features


class Share:
    """What one worker does for an embed job until no part is left.

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
        ahead = threads + 2 * self._encoder.batch_size
        with (
            closing(map_ahead(self._opener(), self._items(), threads, ahead)) as opened,
            closing(map_ahead(self._embed, self._batches(opened), self._encoder.streams)) as done,
        ):
            for embedded in done:
                self._buffer.append(embedded)
                self._images += len(embedded.read)
                self._check()
                if self._is_due():
                    self._commit()

    def _check(self) -> None:
        self._check_job()
        if self._unwanted.is_set():
            raise JobStopped

    def _items(self) -> Iterator[_Item]:
        """The images of one part after the other, taken when the last one has been read."""
        while part := self._take():
            for number, image in enumerate(part.images, 1):
                yield _Item(part.first_image_id, image, last=number == len(part.images))

    def _take(self) -> Part | None:
        self._check()
        worker, size = self._worker, self._part_size()
        with self._context.database.read() as session:
            after = extraction.taken_until(session, worker)
        with self._context.database.write() as session:
            part = extraction.take_part(session, worker, size, SILENT_AFTER, after)
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

    def _opener(self) -> Callable[[_Item], _Opened]:
        transform = self._encoder.manifest.transform
        # Of images that were read no more are decoded at once than there are cores for it.
        decoding = threading.BoundedSemaphore(usable_cores())

        def open_item(item: _Item) -> _Opened:
            image = item.image
            return item, open_crop(self._context, image.id, image.sha256, transform, decoding)

        return open_item

    def _batches(self, opened: Iterator[_Opened]) -> Iterator[list[_Opened]]:
        while batch := list(islice(opened, self._encoder.batch_size)):
            yield batch

    def _embed(self, batch: list[_Opened]) -> _Embedded:
        crops = [crop for _, crop in batch if crop is not None]
        dimension = self._encoder.manifest.dimension
        return _Embedded(
            read=[item for item, crop in batch if crop is not None],
            unreadable=[item for item, crop in batch if crop is None],
            features=self._encoder.embed_crops(np.stack(crops))
            if crops
            else np.empty((0, dimension), np.float32),
        )

    def _is_due(self) -> bool:
        late = time.monotonic() - self._committed_at > COMMIT_SECONDS
        return late or sum(len(each.read) for each in self._buffer) >= COMMIT_IMAGES

    def _commit(self) -> None:
        """Commit what is embedded, and count it for its parts, in one transaction."""
        buffered, self._buffer = self._buffer, []
        if not buffered:
            return
        images = [item.image for each in buffered for item in each.read]
        features = np.concatenate([each.features for each in buffered])
        with self._context.database.write() as session:
            ids = [image.id for image in images]
            embeddings.add_embeddings(session, self._worker.encoder_id, ids, features)
            for result in _results(buffered):
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
            with self._context.database.write() as session:
                extraction.let_go(session, self._worker)

    def _beat(self, over: threading.Event) -> None:
        while not over.wait(BEAT_SECONDS):
            with suppress(Exception):  # a beat that fails is one missed; the next may get through
                with self._context.database.write() as session:
                    wanted = extraction.beat(session, self._worker)
                if not wanted:
                    self._unwanted.set()


def _results(buffered: Sequence[_Embedded]) -> list[PartResult]:
    """What became of the images of each part."""
    read = Counter(item.part for each in buffered for item in each.read)
    unreadable = defaultdict[int, list[int]](list)
    for item in (item for each in buffered for item in each.unreadable):
        unreadable[item.part].append(item.image.id)
    items = [item for each in buffered for item in (*each.read, *each.unreadable)]
    finished = {item.part for item in items if item.last}
    parts = {item.part for item in items}
    return [PartResult(part, read[part], unreadable[part], part in finished) for part in parts]
