"""What one worker process holds from its first job on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from service.settings import Settings
from service.usecases.context import Context, create_context

stopping = threading.Event()
_opening = threading.Lock()
# Of these jobs, which take hours, a process runs one at a time: its other threads are for others.
_long = {"pretrain": threading.Lock(), "import": threading.Lock()}
_extracting = set[str]()


def get_context() -> Context:
    """The process's context, opened once, whichever thread asks first."""
    with _opening:
        return _context()


@cache
def _context() -> Context:
    return create_context(Settings())


@contextmanager
def turn(kind: str | None) -> Iterator[bool]:
    """Whether a job of this kind may start now.

    A pretraining or an import that finds another of its kind stays queued, and its message is sent
    again.
    """
    place = _long.get(kind or "")
    if place is None:
        yield True
        return
    free = place.acquire(blocking=False)
    try:
        yield free
    finally:
        if free:
            place.release()


@contextmanager
def place(job_id: str) -> Iterator[bool]:
    """Whether this thread may embed for the job: of a process's threads one does.

    It keeps all cores busy, or the device; a second one would hold as many images in memory again.
    """
    with _opening:
        free = job_id not in _extracting
        _extracting.add(job_id)
    try:
        yield free
    finally:
        if free:
            _extracting.discard(job_id)
