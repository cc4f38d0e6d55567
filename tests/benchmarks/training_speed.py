"""The speed of full training steps with their data loading: the product's and a plain one's."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from torch.utils.flop_counter import FlopCounterMode

from models.datasets import prepare_images
from models.msn_loss import msn_loss
from models.pretrain import own_batches
from models.pretraining.loading import Batches
from models.pretraining.recipes import Recipe
from models.pretraining.run_folder import Run
from models.pretraining.run_start import Start, start_run
from models.pretraining.train_step import step_values, train_step
from tests.benchmarks.photographs import write_photographs
from tests.benchmarks.plain_msn import PlainTraining, plain_network
from tests.benchmarks.view_speed import synchronise

# Dense bf16 TFLOP/s by the makers' data sheets.
PEAKS = {
    "H200": 989.0,
    "H100 PCIe": 756.0,
    "H100 NVL": 835.0,
    "H100": 989.0,
    "A100": 312.0,
    "L40S": 362.0,
    "L4": 121.0,
    "RTX 4090": 165.0,
}
# Photographs of the size that ImageNet's have on average, or small ones.
LARGE, SMALL = (469, 387), (64, 64)


@dataclass(frozen=True)
class Speed:
    """What some training steps took.

    waiting: the share of the time spent on waiting for data. processor_seconds: what an image cost
    the training process, whatever else the machine did; loader workers apart.
    """

    recipe: str
    way: str
    batch: int
    steps: int
    images_per_second: float
    processor_seconds: float
    waiting: float
    memory_gb: float | None
    tflops: float
    mfu: float | None


class Times(NamedTuple):
    """Seconds on the clock, and of all processors at work for this process."""

    wall: float
    processor: float


def measure_ours(
    recipe: Recipe, photographs: Path, device: str, warmup: int, steps: int, way: str = "ours"
) -> Speed:
    """The product's own steps, as `handful pretrain` does them, on images prepared before."""
    torch.compiler.reset()  # no measurement is to run into another's limit of compilations
    with tempfile.TemporaryDirectory() as scratch:
        images = prepare_images([photographs], recipe.vit.image_size, Path(scratch) / "images")
        run = start_run(recipe, images.pixels, Path(scratch), Start(device, resume=False))
        with closing(own_batches(run, images.pixels)) as batches:
            step = partial(take_step, run, batches)
            times = timed(step, device, warmup, steps, batches.waiting)
            waiting = batches.waiting()
    return _speed(recipe, way, device, steps, times, waiting)


def measure_plain(
    recipe: Recipe, photographs: Path, device: str, warmup: int, steps: int, workers: int
) -> Speed:
    """The steps of tests.benchmarks.plain_msn; at first all workers' batches are ready at once."""
    training = PlainTraining(recipe, photographs, device, workers)

    def forget_waiting() -> None:
        training.waited = 0.0

    warmup, steps = max(warmup, workers), max(steps, 2 * workers)
    times = timed(training.step, device, warmup, steps, forget_waiting)
    return _speed(recipe, "plain", device, steps, times, training.waited / times.wall)


def take_step(run: Run, batches: Batches) -> None:
    """One step of the product's training."""
    values = step_values(run.recipe, run.step, run.steps, run.steps_per_epoch)
    train_step(run, next(batches), values)
    run.step += 1


def timed(
    step: Callable[[], object],
    device: str,
    warmup: int,
    steps: int,
    warm: Callable[[], object] = lambda: None,
) -> Times:
    """The time of `steps` steps after `warmup` of them; `warm` is called between."""
    for _ in range(warmup):
        step()
    synchronise(device)
    if device != "cpu":
        torch.cuda.reset_peak_memory_stats()
    warm()
    began = Times(time.perf_counter(), time.process_time())
    for _ in range(steps):
        step()
    synchronise(device)
    return Times(time.perf_counter() - began.wall, time.process_time() - began.processor)


def measure_processes(recipe: Recipe, processes: int, steps: int) -> float:
    """Images a second of `processes` that share each batch and the machine's cores or GPUs."""
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "speed.json"
        launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
        worker = ["-m", "tests.benchmarks.training_process", recipe.name, str(recipe.batch)]
        threads = max(1, torch.get_num_threads() // processes)
        subprocess.run(
            [sys.executable, *launch, *worker, str(steps), str(report)],
            check=True,
            env=os.environ | {"OMP_NUM_THREADS": str(threads)},
        )
        return float(json.loads(report.read_text()))


def training_flops(recipe: Recipe) -> float:
    """Floating-point operations that one image costs in a step, recomputation and views apart."""
    network, images = plain_network(recipe), 2
    size = recipe.anchor.size
    kept = torch.arange(round((size // recipe.vit.patch_size) ** 2 * (1 - recipe.mask_ratio)))
    anchor = torch.zeros(images * recipe.anchor_views, 3, size, size)
    focal = torch.zeros(images * recipe.focal_views, 3, recipe.focal.size, recipe.focal.size)
    with FlopCounterMode(display=False) as counter:
        anchors, targets = network(
            torch.zeros(images, 3, recipe.target.size, recipe.target.size),
            [(anchor, kept.unsqueeze(0)), (focal, None)],
        )
        msn_loss(anchors, targets, network.prototypes).total.backward()
    return counter.get_total_flops() / images


def device_name(device: str) -> str:
    """The name of the device that is measured."""
    if device != "cpu":
        return torch.cuda.get_device_name()
    lines = Path("/proc/cpuinfo").read_text().splitlines() if sys.platform == "linux" else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else 'CPU'}, {torch.get_num_threads()} threads"


def photographs_for(recipe: Recipe, folder: Path, count: int) -> Path:
    """Files of about the size that one would pretrain this recipe on."""
    return write_photographs(folder, count, LARGE if recipe.vit.image_size > 128 else SMALL)


def _speed(
    recipe: Recipe, way: str, device: str, steps: int, times: Times, waiting: float
) -> Speed:
    images = recipe.batch * steps
    speed = images / times.wall
    tflops = speed * training_flops(recipe) / 1e12
    peak = next((value for name, value in PEAKS.items() if name in device_name(device)), None)
    memory = torch.cuda.max_memory_allocated() / 2**30 if device != "cpu" else None
    mfu = tflops / peak if peak and device != "cpu" else None
    cost = times.processor / images
    return Speed(recipe.name, way, recipe.batch, steps, speed, cost, waiting, memory, tflops, mfu)
