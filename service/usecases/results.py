"""Results that take seconds to work out: each is worked out once, and the last ones are kept."""

from collections import OrderedDict
from collections.abc import Callable
from threading import BoundedSemaphore, Lock
from typing import Generic, TypeVar

from service.domain.errors import Unavailable

Key = TypeVar("Key")
Result = TypeVar("Result")


class Results(Generic[Key, Result]):
    """One result is worked out at a time: several at once would take all cores from answers.

    Whoever wants one waits for it, but only so many requests do: the rest are told to come again,
    so that there is always a thread for other calls.
    """

    def __init__(self, capacity: int = 64, waiting: int = 8) -> None:
        self._results: OrderedDict[Key, Result] = OrderedDict()
        self._capacity = capacity
        self._looking, self._working = Lock(), Lock()
        self._room = BoundedSemaphore(waiting)

    def get(self, key: Key, work_out: Callable[[], Result]) -> Result:
        """The result of this key. Raises Unavailable where too many wait for one already."""
        found = self._find(key)
        if found is not None:
            return found[0]
        if not self._room.acquire(blocking=False):
            raise Unavailable("busy", "Others wait for results like this: ask again in a moment.")
        try:
            with self._working:
                found = self._find(key) or (self._keep(key, work_out()),)
                return found[0]
        finally:
            self._room.release()

    def _find(self, key: Key) -> tuple[Result] | None:
        with self._looking:
            if key not in self._results:
                return None
            self._results.move_to_end(key)
            return (self._results[key],)

    def _keep(self, key: Key, result: Result) -> Result:
        with self._looking:
            self._results[key] = result
            while len(self._results) > self._capacity:
                self._results.popitem(last=False)
        return result
