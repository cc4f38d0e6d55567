"""How fast a job goes at present."""

import time
from collections import deque

WINDOW_SECONDS = 20.0


class Pace:
    """Items a second over the last seconds: a stop or a start long ago has no say."""

    def __init__(self, done: int) -> None:
        self._marks = deque([(time.monotonic(), done)])

    def at(self, done: int) -> float | None:
        """The rate now that so many are done; None until there is something to tell."""
        now = time.monotonic()
        self._marks.append((now, done))
        while len(self._marks) > 2 and now - self._marks[1][0] > WINDOW_SECONDS:
            self._marks.popleft()
        since, before = self._marks[0]
        return (done - before) / (now - since) if done > before and now > since else None
