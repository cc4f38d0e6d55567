"""Bounds on time that hold on a busy machine too: what was spent in a queue does not count."""

import time
from contextlib import suppress
from pathlib import Path


class Stopwatch:
    """Seconds since it was made, less those in which this process was kept from the processors."""

    def __init__(self) -> None:
        self._began, self._queued = time.monotonic(), queued_seconds("self")

    @property
    def seconds(self) -> float:
        elapsed = time.monotonic() - self._began
        return elapsed - (queued_seconds("self") - self._queued)


def queued_seconds(process: int | str) -> float:
    """How long a process's threads were ready to run while the processors were others' (Linux)."""
    nanoseconds = 0
    for thread in Path(f"/proc/{process}/task").glob("*/schedstat"):
        with suppress(OSError):  # it has ended
            nanoseconds += int(thread.read_text().split()[1])
    return nanoseconds / 1e9
