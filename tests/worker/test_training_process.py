"""A process beside the worker: heard line by line, stopped in order, never left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from worker.training_process import TrainingProcess

# Ends in good order when it is asked to.
PATIENT = """
import signal, sys, time
def save(*_):
    print("saved", flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, save)
print("ready", flush=True)
while True:
    time.sleep(0.05)
"""
Start = Callable[[str], TrainingProcess]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a Python program; what a test leaves running is stopped."""
    started: list[TrainingProcess] = []
    with (tmp_path / "lock").open("w") as lock:

        def run(program: str) -> TrainingProcess:
            process = TrainingProcess(["-c", program], tmp_path / "errors.log", lock.fileno())
            started.append(process)
            return process

        yield run
        for process in started:
            process.__exit__(None, None, None)


def spoken(lines: Iterator[str]) -> list[str]:
    return [line for line in lines if line]


def test_its_lines_and_its_status_are_heard(start: Start) -> None:
    process = start("print('one'); print('two'); raise SystemExit(3)")
    assert spoken(process.lines()) == ["one", "two"]
    assert process.wait() == 3


def test_a_failure_is_told_by_its_last_words(start: Start) -> None:
    process = start("raise ValueError('the disk is made of cheese')")
    assert spoken(process.lines()) == []
    assert process.wait() == 1
    assert process.last_words() == "ValueError: the disk is made of cheese"


def test_a_silent_process_leaves_time_for_other_things(start: Start) -> None:
    lines = start(PATIENT).lines()
    while next(lines) != "ready":
        pass
    assert next(lines) == ""


def test_it_saves_before_it_is_stopped(start: Start) -> None:
    process = start(PATIENT)
    lines = process.lines()
    while next(lines) != "ready":
        pass
    assert spoken(process.stop()) == ["saved"]
    assert process.wait() == 0


def test_one_that_does_not_stop_is_killed(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.training_process.STOP_SECONDS", 0.1)
    deaf = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    process = start(f"import signal, time; {deaf}; print('ready', flush=True); time.sleep(600)")
    lines = process.lines()
    while next(lines) != "ready":
        pass
    assert spoken(process.stop()) == []
    assert process.wait() == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a process to its parent")
def test_it_saves_and_ends_when_its_worker_is_killed(tmp_path: Path) -> None:
    told = tmp_path / "told.txt"
    child = PATIENT.replace(
        'print("saved", flush=True)', f"open({str(told)!r}, 'w').write('saved')"
    )
    worker = f"""
import pathlib, sys
from worker.training_process import TrainingProcess
process = TrainingProcess(["-c", {child!r}], pathlib.Path({str(tmp_path / "errors")!r}), 1)
for line in process.lines():
    print(line, flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", worker], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        while parent.stdout.readline() != b"ready\n":
            assert parent.poll() is None
        os.kill(parent.pid, signal.SIGKILL)
        # Its output is the parent's, which the child holds open: it ends with the child.
        parent.stdout.read()
    deadline = time.monotonic() + 60
    while not told.exists() or told.read_text() != "saved":
        assert time.monotonic() < deadline
        time.sleep(0.02)
