"""What one worker process holds from its first job on."""

import threading
from functools import cache

from service.settings import Settings
from service.usecases.context import Context, create_context

stopping = threading.Event()
_opening = threading.Lock()


def get_context() -> Context:
    """The process's context, opened once, whichever thread asks first."""
    with _opening:
        return _context()


@cache
def _context() -> Context:
    return create_context(Settings())
