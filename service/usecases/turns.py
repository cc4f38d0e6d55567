"""Work of seconds that is done one at a time: several at once would take all cores from answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock

from service.domain.errors import Unavailable


class Turns:
    """Whoever wants a turn waits for it, but only so many requests do.

    The rest are told to come again, so that there is always a thread for other calls.
    """

    def __init__(self, waiting: int = 8) -> None:
        self._working = Lock()
        self._room = BoundedSemaphore(waiting)

    @contextmanager
    def take(self) -> Iterator[None]:
        """Wait for a turn and hold it. Raises Unavailable where too many wait already."""
        if not self._room.acquire(blocking=False):
            raise Unavailable("busy", "Others wait for results like this: ask again in a moment.")
        try:
            with self._working:
                yield
        finally:
            self._room.release()
