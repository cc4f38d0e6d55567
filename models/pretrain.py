"""Pretraining with Masked Siamese Networks, from images in memory to an encoder."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.pretraining import distributed
from models.pretraining.loading import Batches
from models.pretraining.probes import Probes
from models.pretraining.progress import Reporter, summarise
from models.pretraining.recipe import Recipe
from models.pretraining.run_folder import Record, Run, save_run
from models.pretraining.run_start import Start, start_run
from models.pretraining.train_step import Health, StepResult, step_values, train_step

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]
NEW_OR_RESUMED = Start()


@dataclass(frozen=True)
class Intervals:
    """How often a run reports, saves itself (whichever comes first) and probes its features."""

    log_steps: int = 20
    checkpoint_seconds: float = 120.0
    probe_seconds: float = 15.0
    checkpoint_steps: int = 2_000
    probe_share: float = 0.05


def pretrain(
    recipe: Recipe,
    images: Images,
    out_folder: Path,
    *,
    labels: Labels | None = None,
    start: Start = NEW_OR_RESUMED,
    intervals: Intervals = Intervals(),
    on_record: Callable[[Record], None] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Run:
    """Train on uint8 images (n, 3, H, W) and return the run, finished unless it was stopped.

    The features to use are those of what its network has `learned`. `out_folder` receives a log of
    JSON lines and a checkpoint every now and then; a run that finds one there goes on from it, to
    the same result. `labels` (n,), -1 where there is none, serve probes alone. `on_record` is
    given each line of the log. Once `should_stop` says so, the run saves itself and ends.
    Raises PretrainingError, which says what to do, if the run cannot start or go on.
    """
    out_folder.mkdir(parents=True, exist_ok=True)
    run = start_run(recipe, images, out_folder, start)
    reporter = Reporter(run, out_folder, on_record)
    known = None if distributed.rank() else labels
    probes = Probes(images, known, intervals.probe_share, intervals.probe_seconds)
    reporter.begin(probes)
    with closing(own_batches(run, images)) as batches:
        train(run, batches, reporter, probes, out_folder, intervals, should_stop)
    reporter.end()
    return run


def train(
    run: Run,
    batches: Batches,
    reporter: Reporter,
    probes: Probes,
    folder: Path,
    intervals: Intervals,
    should_stop: Callable[[], bool],
) -> None:
    """Train, report, probe and save until all steps are done or a stop is asked for."""
    health, saved, stopping = Health(), time.monotonic(), False
    while run.step < run.steps and not stopping:
        result = advance(run, batches, reporter)
        health.add(run.step, result)
        stopping = distributed.any_of(should_stop())
        last = run.step == run.steps
        logging = last or run.step % intervals.log_steps == 0
        saving = last or stopping or checkpoint_due(run, intervals, saved)
        if logging or saving:
            health.check()  # a network that a step has spoilt is never saved
        record = summarise(result) | reporter.speed(batches.waiting()) if logging else {}
        if probes.due(run):
            record |= probes.measure(run)
        if record:
            reporter.report(record)
        if saving:
            if distributed.rank() == 0:
                save_run(folder, run)
            # In every process, or the others would check their health, and wait, at each step.
            saved = time.monotonic()


def advance(run: Run, batches: Batches, reporter: Reporter) -> StepResult:
    """One step, and a word about memory where it had to be repeated in smaller parts."""
    values = step_values(run.recipe, run.step, run.steps, run.steps_per_epoch)
    micro_batch = run.micro_batch
    result = train_step(run, next(batches), values)
    run.step += 1
    run.seconds = reporter.seconds()
    if run.micro_batch != micro_batch:
        reporter.tell_micro_batch()
    return result


def own_batches(run: Run, images: Images) -> Batches:
    """This process's part of the batches, from where the run is."""
    rank, world = distributed.rank(), distributed.size()
    return Batches(images, run.recipe.batch, run.seed, run.device, run.step, rank, world)


def checkpoint_due(run: Run, intervals: Intervals, saved: float) -> bool:
    """Whether enough steps or seconds have passed since the last checkpoint."""
    return (
        run.step % intervals.checkpoint_steps == 0
        or time.monotonic() - saved > intervals.checkpoint_seconds
    )
