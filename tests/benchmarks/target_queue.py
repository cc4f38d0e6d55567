"""What a queue of past targets does for small batches, on two thousand small pictures, on the CPU.

Sinkhorn gives every prototype an equal part of the rows that it sees. A batch of 32 has an eighth
of a row for each of 256 prototypes: an image's target then depends on which images happen to share
its batch. Printed for each setting, after the same number of steps:

- moved: how much of a target's mass lies elsewhere when the same image, with the same network,
  comes with other images (0: the target depends on the image alone, 1: on chance alone);
- used: over how many prototypes the targets of all images spread (the exponent of their entropy);
- largest: the mean largest probability of a target;
- kNN, 5 labels: accuracy of the features, before training and after;
- seconds: of the CPU, which other work on the machine does not change much.

python -m tests.benchmarks.target_queue SOURCE [--epochs 12] [--seeds 2] [--set NAME=VALUE]
    [--json FILE]

SOURCE: a folder or zip with one folder a class, at least 10 classes of 200 images.
"""

import argparse
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import mean

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from torch import Tensor

from models.datasets import square
from models.images import decode
from models.low_shot.labelled_folder import read_labelled
from models.msn_loss import balanced_targets
from models.pretrain import Intervals, pretrain
from models.pretraining.probes import probe
from models.pretraining.recipes import Recipe, preset, vary
from models.pretraining.run_folder import Run
from models.pretraining.run_start import Start, new_network
from models.pretraining.views import normalise_pixels

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]
Row = dict[str, float]

BATCH = preset("cpu-32").batch
CLASSES, EACH = 10, 200
# Prototypes and queue, beside the batch of 32.
SETTINGS = ((256, 0), (256, 224), (256, 992), (32, 0))
QUIET = Intervals(log_steps=10**9, checkpoint_seconds=1e9, probe_seconds=1e9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("--epochs", type=float, default=12)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="changes")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    images, labels = pictures(arguments.source, preset("cpu-32").vit.image_size)
    base = vary(preset("cpu-32"), dict(change.split("=", 1) for change in arguments.changes))
    rows = [
        measure(
            replace(base, prototypes=prototypes, queue=queue, epochs=arguments.epochs),
            images,
            labels,
            arguments.seeds,
        )
        for prototypes, queue in SETTINGS
    ]
    Console().print(table(rows))
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")


def pictures(source: Path, side: int) -> tuple[Images, Labels]:
    """Squares (n, 3, side, side) of ten classes, in whole batches, and their classes (n,)."""
    found: dict[str, list[bytes]] = {}
    for file in read_labelled(source):
        found.setdefault(file.label, []).append(file.data)
    names = sorted(found)[:: len(found) // CLASSES][:CLASSES]
    chosen = [(data, label) for label, name in enumerate(names) for data in found[name][:EACH]]
    whole = len(chosen) // BATCH * BATCH
    order = np.random.default_rng(0).permutation(len(chosen))[:whole]
    squares = [square(decode(chosen[index][0]).image, side) for index in order]
    return np.stack(squares), np.array([chosen[index][1] for index in order])


def measure(recipe: Recipe, images: Images, labels: Labels, seeds: int) -> Row:
    """Means over `seeds` runs of one recipe."""
    runs = [measure_run(recipe, images, labels, seed) for seed in range(seeds)]
    sizes = {"prototypes": recipe.prototypes, "queue": recipe.queue}
    return sizes | {name: mean(run[name] for run in runs) for name in runs[0]}


def measure_run(recipe: Recipe, images: Images, labels: Labels, seed: int) -> Row:
    torch.manual_seed(seed)
    before = probe(new_network(recipe, images, "cpu").target_encoder.vit, images, labels)
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        run = pretrain(recipe, images, Path(folder), start=Start("cpu", seed), intervals=QUIET)
    seconds = time.process_time() - began
    after = probe(run.network.target_encoder.vit, images, labels)
    one, other = (targets_in_batches(run, images, shuffle) for shuffle in (0, 1))
    use = one.mean(dim=0)
    return {
        "moved": float((one - other).abs().sum(dim=1).mean() / 2),
        "used": float((-use * use.clamp_min(1e-300).log()).sum().exp()),
        "largest": float(one.max(dim=1).values.mean()),
        "knn": after["knn"],
        "low_shot": after["low_shot"],
        "knn_before": before["knn"],
        "low_shot_before": before["low_shot"],
        "seconds": seconds,
    }


@torch.no_grad()
def targets_in_batches(run: Run, images: Images, shuffle: int) -> Tensor:
    """The target (n, K) that each whole image gets in a batch of the run's size, by chance."""
    recipe, network = run.recipe, run.network
    pixels = normalise_pixels(torch.from_numpy(images) / 255)
    projections = network.project_targets(pixels)  # (n, dim)
    order = np.random.default_rng(shuffle).permutation(len(images))
    goals = torch.empty(len(images), recipe.prototypes, dtype=torch.float64)
    for start in range(0, len(images), recipe.batch):
        chosen = order[start : start + recipe.batch]
        goals[chosen] = balanced_targets(
            projections[chosen],
            network.prototypes,
            temperature=recipe.temperature,
            sharpen_temperature=recipe.sharpen_temperature,
            sinkhorn_iterations=recipe.sinkhorn_iterations,
            queued_targets=network.queue.stored() if network.queue else None,
        )
    return goals


def table(rows: list[Row]) -> Table:
    names = ("prototypes", "queue", "moved", "used", "largest", "kNN", "5 labels", "seconds")
    result = Table(*names, title=f"batches of {BATCH}")
    for row in rows:
        result.add_row(
            f"{row['prototypes']}",
            f"{row['queue']}",
            f"{row['moved']:.2f}",
            f"{row['used']:.0f}",
            f"{row['largest']:.2f}",
            f"{row['knn_before']:.3f} > {row['knn']:.3f}",
            f"{row['low_shot_before']:.3f} > {row['low_shot']:.3f}",
            f"{row['seconds']:.1f}",
        )
    return result


if __name__ == "__main__":
    main()
