"""Which jobs may start in one worker process: long ones never hold all of its threads."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from service.domain.entities import Job

# Minutes at most for a large pool, and someone waits for them. All others may take hours.
SHORT = frozenset({"index", "map", "register_encoder"})
# Of these a process runs one at a time: a second one would only take the first one's cores.
ALONE = frozenset({"pretrain", "import"})


class Turns:
    """Lets so many long jobs run at a time, and any short one."""

    def __init__(self, long: int) -> None:
        self._changing = threading.Lock()
        self._free = long
        self._alone = set[str]()
        self._refused: dict[str, str] = {}

    @contextmanager
    def turn(self, job: Job) -> Iterator[bool]:
        """Whether the job may start now. One that may not stays queued: see `take_refused`."""
        if job.kind in SHORT:
            yield True
            return
        may_start = self._take(job)
        try:
            yield may_start
        finally:
            if may_start:
                self._give_back(job)

    def take_refused(self) -> Mapping[str, str]:
        """Kinds, by id, of the jobs that were refused and may have a turn now, the oldest first.

        Their messages are used up: whoever takes them sends them again.
        """
        with self._changing:
            if not self._free:
                return {}
            refused, self._refused = self._refused, {}
            return refused

    def _take(self, job: Job) -> bool:
        with self._changing:
            if not self._free or job.kind in self._alone:
                self._refused[job.id] = job.kind
                return False
            self._free -= 1
            self._alone |= {job.kind} & ALONE
            return True

    def _give_back(self, job: Job) -> None:
        with self._changing:
            self._free += 1
            self._alone.discard(job.kind)
