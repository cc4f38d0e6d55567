"""What pretraining costs: full steps with their data, beside a plain implementation of MSN.

python -m tests.benchmarks.pretrain [--device auto|cpu|cuda] [--threads N] [--json FILE]

On a CPU batches are small and steps few, so that it ends within ten minutes.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from rich.console import Console
from rich.table import Table

from models.pretraining import loading
from models.pretraining.recipes import Recipe, preset
from models.pretraining.run_start import find_device
from tests.benchmarks.training_speed import (
    Speed,
    device_name,
    measure_ours,
    measure_plain,
    measure_processes,
    photographs_for,
)
from tests.benchmarks.view_speed import ViewSpeed, measure_views

console = Console()


@dataclass(frozen=True)
class Sizes:
    """How much is measured on one kind of device."""

    batches: dict[str, int]
    steps: int
    growth_batch: int
    growth_steps: int
    photographs: int
    rounds: int


# Other work slows a CPU down for a while: ways take turns, and the median round counts.
ON_CPU = Sizes({"vit-ti8-64": 32, "vit-s16": 4}, 2, 16, 2, 256, rounds=3)
ON_GPU = Sizes({"vit-ti8-64": 512, "vit-s16": 256}, 30, 512, 10, 2048, rounds=1)
WARMUP = 2
GROWTH = "vit-ti8-64"
MASKS = (0.0, 0.3, 0.5, 0.7)
IMAGE_SIZES = (32, 64, 96)
BATCH_FACTORS = (0.5, 1, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of the CPU")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    began = time.perf_counter()
    device = find_device(arguments.device)
    sizes = ON_CPU if device == "cpu" else ON_GPU
    console.print(f"{device_name(device)}; torch {torch.__version__}, {os.cpu_count()} cores")
    report = measure_all(device, sizes) | {"device": device_name(device)}
    report["minutes"] = round((time.perf_counter() - began) / 60, 1)
    console.print(f"All that took {report['minutes']} minutes.")
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")


def measure_all(device: str, sizes: Sizes) -> dict[str, Any]:
    """All measurements, each table printed as soon as it is known."""
    views = [speed for name in sizes.batches for speed in compare_views(preset(name), device)]
    console.print(view_table(views))
    steps = [speed for name in sizes.batches for speed in compare_steps(name, device, sizes)]
    console.print(step_table(steps))
    growth = list(measure_growth(device, sizes))
    console.print(growth_table(growth))
    return {
        "views": [asdict(speed) for speed in views],
        "steps": [asdict(speed) for speed in steps],
        "growth": growth,
    }


def compare_views(recipe: Recipe, device: str) -> list[ViewSpeed]:
    """Random and focal views of the recipe, made in every way."""
    side, batch = recipe.vit.image_size, 64 if device == "cpu" else 256
    return [
        speed
        for spec in (recipe.anchor, recipe.focal)
        for speed in measure_views(spec, side, batch, device)
    ]


def compare_steps(name: str, device: str, sizes: Sizes) -> list[Speed]:
    """A preset's steps in each way: of all rounds the one of median speed."""
    rounds = [list(measure_ways(name, device, sizes)) for _ in range(sizes.rounds)]
    return [median(way) for way in zip(*rounds, strict=True)]


def median(speeds: Iterable[Speed]) -> Speed:
    """The one in the middle."""
    ordered = sorted(speeds, key=attrgetter("images_per_second"))
    return ordered[len(ordered) // 2]


def measure_ways(name: str, device: str, sizes: Sizes) -> Iterator[Speed]:
    """The product's steps and plain ones; on a GPU also with images left outside it."""
    recipe = replace(preset(name), batch=sizes.batches[name])
    count = max(sizes.photographs, recipe.batch)
    with tempfile.TemporaryDirectory() as scratch:
        photographs = photographs_for(recipe, Path(scratch) / "files", count)
        yield measure_ours(recipe, photographs, device, WARMUP, sizes.steps)
        if device != "cpu":
            way = "ours, images outside the GPU"
            with patch.object(loading, "HELD_SHARE", 0.0):
                yield measure_ours(recipe, photographs, device, WARMUP, sizes.steps, way)
        # On a CPU the training itself takes the cores.
        workers = torch.get_num_threads() if device == "cpu" else os.cpu_count() or 1
        yield measure_plain(recipe, photographs, device, WARMUP, sizes.steps, workers)


def measure_growth(device: str, sizes: Sizes) -> Iterator[dict[str, Any]]:
    """Speed against one value of the recipe at a time, and against the number of processes."""
    recipe = replace(preset(GROWTH), batch=sizes.growth_batch)
    variations = [
        *(("mask ratio", ratio, replace(recipe, mask_ratio=ratio)) for ratio in MASKS),
        *(("image size", size, with_image_size(recipe, size)) for size in IMAGE_SIZES),
        *(("batch", batch, replace(recipe, batch=batch)) for batch in _batches(recipe)),
    ]
    with tempfile.TemporaryDirectory() as scratch:
        photographs = photographs_for(recipe, Path(scratch) / "files", 2 * recipe.batch)
        for what, value, varied in variations:
            speed = median(
                measure_ours(varied, photographs, device, 1, sizes.growth_steps)
                for _ in range(sizes.rounds)
            )
            yield {"what": what, "value": value} | asdict(speed)
    # Two processes need two GPUs, or else the CPU.
    on_cpu = torch.cuda.device_count() < 2
    shared = replace(recipe, batch=ON_CPU.growth_batch) if on_cpu else recipe
    for processes in (1, 2):
        speed_of_all = measure_processes(shared, processes, sizes.growth_steps)
        yield {"what": "processes", "value": processes, "images_per_second": speed_of_all}


def with_image_size(recipe: Recipe, size: int) -> Recipe:
    """The recipe for images of another size, focal views half as large."""
    return replace(
        recipe,
        vit=replace(recipe.vit, image_size=size),
        target=replace(recipe.target, size=size),
        anchor=replace(recipe.anchor, size=size),
        focal=replace(recipe.focal, size=size // 2),
    )


def _batches(recipe: Recipe) -> list[int]:
    return [round(recipe.batch * factor) for factor in BATCH_FACTORS]


def view_table(speeds: list[ViewSpeed]) -> Table:
    """Ways down, kinds of view across."""
    kinds = list(dict.fromkeys((speed.image_size, speed.view_size) for speed in speeds))
    table = Table("views a second", *(f"{image} → {view} px" for image, view in kinds))
    for way in dict.fromkeys(speed.way for speed in speeds):
        table.add_row(way, *(f"{s.views_per_second:,.0f}" for s in speeds if s.way == way))
    return table


def step_table(speeds: list[Speed]) -> Table:
    """One row a way of training, with how many times as fast as the plain one it is.

    CPU s: processor seconds an image, those of loader workers apart.
    """
    columns = ("preset", "way", "batch", "images/s", "ratio", "CPU s", "waiting", "GB")
    title = "Full training steps with data loading"
    table = Table(*columns, "TFLOP/s", "MFU", title=title)
    plain = {speed.recipe: speed.images_per_second for speed in speeds if speed.way == "plain"}
    for speed in speeds:
        ratio = speed.images_per_second / plain[speed.recipe]
        table.add_row(
            speed.recipe,
            speed.way,
            str(speed.batch),
            f"{speed.images_per_second:,.1f}",
            f"{ratio:.1f}",
            f"{speed.processor_seconds:.3f}",
            f"{speed.waiting:.1%}",
            "" if speed.memory_gb is None else f"{speed.memory_gb:.1f}",
            f"{speed.tflops:.2f}",
            "" if speed.mfu is None else f"{speed.mfu:.0%}",
        )
    return table


def growth_table(rows: list[dict[str, Any]]) -> Table:
    """Images a second against each value."""
    table = Table("", "", "images/s", "CPU s", title=f"{GROWTH}, one value changed")
    for row in rows:
        cost = f"{row['processor_seconds']:.3f}" if "processor_seconds" in row else ""
        table.add_row(row["what"], str(row["value"]), f"{row['images_per_second']:,.1f}", cost)
    return table


if __name__ == "__main__":
    main()
