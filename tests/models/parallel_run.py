"""A tiny pretraining run as a process of its own, or by torchrun as several."""

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import torch

from models.pretrain import Intervals, pretrain
from models.pretraining import distributed
from models.pretraining.run_folder import Record
from models.pretraining.run_start import Start
from tests.models.tiny_pretraining import TINY, coloured_images

# Everything that could depend on who draws what: masks a sample, several views, a queue. Slow
# enough that rounding, which differs from one processor to the next, does not grow.
RECIPE = replace(
    TINY,
    mask_per_sample=True,
    anchor_views=2,
    focal_views=2,
    queue=24,
    epochs=5,
    clip=0.5,
    learning_rate=(5e-4, 1e-3, 1e-4),
)


def train(folder: Path, *, killed_at: int | None = None) -> None:
    """Train on 64 images in batches of 16: a record a step, a checkpoint each seventh."""
    torch.set_num_threads(1)
    intervals = Intervals(log_steps=1, checkpoint_steps=7)

    def maybe_die(record: Record) -> None:
        if record["step"] == killed_at:
            os.kill(os.getpid(), signal.SIGKILL)

    pretrain(
        RECIPE,
        coloured_images()[0],
        folder,
        start=Start("cpu"),
        intervals=intervals,
        on_record=maybe_die,
    )


if __name__ == "__main__":
    with distributed.processes("cpu"):
        train(Path(sys.argv[1]), killed_at=int(sys.argv[2]) if sys.argv[2:] else None)
