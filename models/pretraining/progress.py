"""What a run reports: loss parts as plain numbers, speed, time left, memory, probes and alarms."""

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from models.pretraining import distributed
from models.pretraining.alarms import CollapseAlarms
from models.pretraining.probes import Probes
from models.pretraining.run_folder import Record, Run, append_record, trim_log
from models.pretraining.train_step import StepResult

MEBIBYTE = 2**20


class Reporter:
    """Completes a run's records and hands them on: to its log, and to whoever listens.

    Process 0 alone writes.
    """

    def __init__(
        self, run: Run, folder: Path, listener: Callable[[Record], None] | None = None
    ) -> None:
        self._run, self._folder, self._listener = run, folder, listener
        self._alarms = CollapseAlarms(run.recipe, run.first_knn)
        self._began = time.monotonic() - run.seconds
        self._first = self._asked = time.monotonic()
        self._first_step = self._asked_step = run.step
        self._warm = False

    def begin(self, probes: Probes) -> None:
        """The first record; a new run's says what the features are worth before any training."""
        run = self._run
        if distributed.rank() == 0:
            trim_log(self._folder, run.step)
        if run.step:
            self.report({"event": "resumed", "message": f"going on from step {run.step}"})
            return
        parts = f", {run.micro_batch} views at a time to fit into memory" if run.micro_batch else ""
        started: Record = {"event": "started", "message": f"{run.images} images{parts}"}
        self.report(started | probes.measure(run))

    def tell_micro_batch(self) -> None:
        """Say that memory ran out, and what is done about it."""
        message = (
            f"out of memory: the encoder now takes {self._run.micro_batch} views at a time, "
            "to the same result"
        )
        self.report({"event": "micro_batch", "message": message})

    def end(self) -> None:
        """The last record, after the last checkpoint."""
        if self._run.finished:
            self.report({"event": "finished", "message": "all steps done"})
        else:
            message = f"saved at step {self._run.step}; go on with --resume"
            self.report({"event": "stopped", "message": message})

    def report(self, record: Record) -> None:
        """Write one record, with an alarm if it gives reason for one."""
        if distributed.rank():
            return
        run = self._run
        whole: Record = {
            "step": run.step,
            "steps": run.steps,
            "epoch": round(run.step / run.steps_per_epoch, 2),
            "seconds": round(run.seconds, 1),
        }
        whole |= record
        alarm = self._alarms.look(whole)
        if alarm:
            whole["alarm"] = alarm
        append_record(self._folder, whole)
        if self._listener:
            self._listener(whole)

    def seconds(self) -> float:
        """Seconds that the run has taken, those before a resume included."""
        return time.monotonic() - self._began

    def speed(self, waiting: float) -> Record:
        """Speed since last asked, and the share of that time that went into waiting for images."""
        run, now = self._run, time.monotonic()
        steps, elapsed = run.step - self._asked_step, max(1e-9, now - self._asked)
        per_step = (now - self._first) / max(1, run.step - self._first_step)
        record: Record = {
            "seconds_left": round(per_step * (run.steps - run.step), 1),
            "images_per_second": round(steps * run.recipe.batch / elapsed, 1),
            "waiting": round(waiting, 4),
            "memory_mb": round(used_memory(run.device) / MEBIBYTE),
        }
        self._asked, self._asked_step = now, run.step
        if not self._warm:
            # The first steps also compile the network, which takes as long as hundreds of others.
            self._first, self._first_step, self._warm = now, run.step, True
        return record


def used_memory(device: torch.device) -> int:
    """The most bytes that this process has held: on the GPU, else in memory."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def summarise(result: StepResult) -> Record:
    """Loss parts, statistics and schedule values as plain numbers."""
    numbers: Record = {name: round(value.item(), 5) for name, value in vars(result.loss).items()}
    numbers["distinct_prototypes"] = int(numbers["distinct_prototypes"])
    numbers["gradient_norm"] = round(result.gradient_norm.item(), 5)
    return numbers | {name: float(f"{value:.4g}") for name, value in vars(result.values).items()}
