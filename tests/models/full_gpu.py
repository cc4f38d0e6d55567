"""A run on a GPU with ample memory, then the same with half of what it took, for the tests.

Prints the events and the losses of both as JSON. A process of its own: the limit stays until its
end.
"""

import gc
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from models.manifest import VitConfig
from models.pretrain import Intervals, pretrain
from models.pretraining.run_folder import Record
from models.pretraining.run_start import Start
from tests.models.tiny_pretraining import TINY_FOR_GPU, coloured_images

# Nearly all of a step's gigabyte are activations, which micro-batches make smaller.
RECIPE = replace(
    TINY_FOR_GPU,
    vit=VitConfig(image_size=64, patch_size=8, width=192, depth=6, heads=3),
    target=replace(TINY_FOR_GPU.target, size=64),
    anchor=replace(TINY_FOR_GPU.anchor, size=64),
    focal=replace(TINY_FOR_GPU.focal, size=32),
    batch=256,
    epochs=2,
)


def train(device: str = "cuda") -> dict[str, Any]:
    """Events and losses of two steps."""
    records: list[Record] = []
    images, _ = coloured_images(RECIPE.batch, RECIPE.vit.image_size)
    with tempfile.TemporaryDirectory() as folder:
        pretrain(
            RECIPE,
            images,
            Path(folder),
            start=Start(device),
            intervals=Intervals(log_steps=1),
            on_record=records.append,
        )
    return {
        "events": [record["event"] for record in records if "event" in record],
        "losses": [record["total"] for record in records if "total" in record],
    }


def main() -> None:
    ample = train()
    taken, present = torch.cuda.max_memory_reserved(), torch.cuda.mem_get_info()[1]
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(0.5 * taken / present)
    print(json.dumps([ample, train()]))


if __name__ == "__main__":
    main()
