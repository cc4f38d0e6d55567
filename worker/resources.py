"""What one worker process holds from its first job on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from service.settings import Settings
from service.usecases.context import Context, create_context
from worker.turns import Turns

stopping = threading.Event()
turns = Turns(1)  # until `worker.app.serve` says how many
_opening = threading.Lock()
_extracting = set[str]()


def get_context() -> Context:
    """The process's context, opened once, whichever thread asks first."""
    with _opening:
        return _context()


@cache
def _context() -> Context:
    return create_context(Settings())


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
