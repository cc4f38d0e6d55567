"""Results that take seconds to work out: each is worked out once, and the last ones are kept."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from service.usecases.turns import Turns

Key = TypeVar("Key")
Result = TypeVar("Result")


class Results(Generic[Key, Result]):
    """One result is worked out at a time, in turns."""

    def __init__(self, capacity: int = 64, waiting: int = 8) -> None:
        self._results: OrderedDict[Key, Result] = OrderedDict()
        self._capacity = capacity
        self._looking = Lock()
        self._turns = Turns(waiting)

    def get(self, key: Key, work_out: Callable[[], Result]) -> Result:
        """The result of this key. Raises Unavailable where too many wait for one already."""
        found = self._find(key)
        if found is not None:
            return found[0]
        with self._turns.take():
            found = self._find(key) or (self._keep(key, work_out()),)
            return found[0]

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
