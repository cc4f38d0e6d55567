"""A training as a process of its own: its lines as they come, and an end in good order."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Self, cast

# How soon a caller of `lines` gets to look after other things.
POLL_SECONDS = 0.5
# Messages are read by the line: they shall not be wrapped. Threads that spin while they wait, as
# OpenMP's do, slow a training twentyfold where they share their cores with the service's.
ENVIRONMENT = {"COLUMNS": "10000", "PYTHONUNBUFFERED": "1", "OMP_WAIT_POLICY": "PASSIVE"}
# A step, and a checkpoint behind it, may take this long; then the process is killed.
STOP_SECONDS = 120.0


class TrainingProcess:
    """Python with some words, in a session of its own; what it says of errors goes to a file.

    `held` is a file descriptor that it keeps open as long as it lives.
    """

    def __init__(self, words: Sequence[str], errors: Path, held: int) -> None:
        self._errors = errors
        self._asked = False
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        command = [sys.executable, "-m", "worker.launch", str(os.getpid()), *words]
        with errors.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603  the words are the worker's own
                command,
                env=os.environ | ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
                pass_fds=[held],
                start_new_session=True,
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for _ in self.stop():
            pass
        self._process.wait()
        self._reader.join()

    def lines(self) -> Iterator[str]:
        """What it prints until its end, line by line; an empty one in every pause."""
        while True:
            try:
                line = self._lines.get(timeout=POLL_SECONDS)
            except Empty:
                yield ""
                continue
            if line is None:
                self._lines.put(None)  # whoever asks again finds the end again
                return
            yield line.strip()

    def stop(self) -> Iterator[str]:
        """Ask it to save and end; kill it where it takes too long. Gives its last lines."""
        if not self._asked and self._process.poll() is None:
            self._process.terminate()  # once: it takes a second time for impatience
        self._asked = True
        deadline = time.monotonic() + STOP_SECONDS
        for line in self.lines():
            yield line
            if time.monotonic() > deadline:
                self._kill()

    def wait(self) -> int:
        """Its exit status, negative for the signal that killed it."""
        return self._process.wait()

    def last_words(self) -> str:
        """The last line that it wrote of errors."""
        lines = self._errors.read_text(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def _read(self) -> None:
        with cast(IO[str], self._process.stdout) as output:
            for line in output:
                self._lines.put(line)
        self._lines.put(None)

    def _kill(self) -> None:
        # Its session, because torchrun has a process for each GPU.
        os.killpg(self._process.pid, signal.SIGKILL)
