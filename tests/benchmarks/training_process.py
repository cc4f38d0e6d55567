"""One of several processes that train together, for tests.benchmarks.pretrain.

torchrun ... -m tests.benchmarks.training_process PRESET BATCH STEPS REPORT
"""

import json
import sys
import tempfile
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from models.pretrain import own_batches
from models.pretraining import distributed
from models.pretraining.recipes import preset
from models.pretraining.run_start import Start, start_run
from tests.benchmarks.training_speed import take_step, timed

WARMUP = 2
IMAGES = 1024


def main(name: str, batch: str, steps: str, report: str) -> None:
    recipe = replace(preset(name), batch=int(batch))
    device = "cuda" if torch.cuda.device_count() > 1 else "cpu"
    side = recipe.vit.image_size
    pixels = np.random.default_rng(0).integers(0, 256, (IMAGES, 3, side, side), dtype=np.uint8)
    with tempfile.TemporaryDirectory() as scratch, distributed.processes(device):
        run = start_run(recipe, pixels, Path(scratch), Start(device, resume=False))
        with closing(own_batches(run, pixels)) as batches:
            times = timed(partial(take_step, run, batches), device, WARMUP, int(steps))
        if distributed.rank() == 0:
            Path(report).write_text(json.dumps(recipe.batch * int(steps) / times.wall))


if __name__ == "__main__":
    main(*sys.argv[1:])
