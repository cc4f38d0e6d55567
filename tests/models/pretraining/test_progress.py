"""What a run says of its speed, on a clock of the test's own."""

from dataclasses import replace
from pathlib import Path

import pytest

from models.pretraining.progress import Reporter
from models.pretraining.run_start import Start, start_run
from tests.models.tiny_pretraining import TINY, coloured_images


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds


def test_the_time_left_forgets_what_the_first_steps_took_to_compile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr("models.pretraining.progress.time", clock)
    run = start_run(replace(TINY, epochs=50), coloured_images()[0], tmp_path, Start("cpu"))
    assert run.steps == 200
    reporter = Reporter(run, tmp_path)

    def left_after(steps: int, seconds: float) -> float:
        run.step += steps
        clock.seconds += seconds
        left: float = reporter.speed(waiting=0)["seconds_left"]
        return left

    assert left_after(20, 120) == 180 * 6  # nothing else is known yet
    assert left_after(20, 2) == 160 * 0.1
    assert left_after(20, 6) == 140 * 0.2  # the mean of all since
