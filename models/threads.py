"""How many threads there is room for, and how many a product of matrices is worth."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any

from threadpoolctl import ThreadpoolController

# Below this many multiplications a product is over before a second thread has woken up, and
# on a busy machine threads that wait for each other cost far more than they save.
THREADING_PAYS = 500_000_000


def usable_cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Limit:
    """One thread for the whole process, from the first who asks for it to the last who leaves.

    The number is the process's: each restoring what it found would leave it at one for good.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self._limiter: Any = None

    def enter(self) -> None:
        with self._lock:
            if not self._inside:
                self._limiter = _controller().limit(limits=1, user_api="blas")
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._limiter.restore_original_limits()


_limit = _Limit()


@contextmanager
def threads_for(multiplications: int) -> Iterator[None]:
    """In it, products of this many multiplications take one thread or all, whichever pays."""
    if multiplications >= THREADING_PAYS:
        yield
        return
    _limit.enter()
    try:
        yield
    finally:
        _limit.leave()


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
