"""Encoders that embed in a millisecond, made as real ones are."""

import shutil
from pathlib import Path

import torch

from models.checkpoints import save_checkpoint
from models.encoder import register_encoder
from models.manifest import ONNX_FILE
from models.transforms import EvaluationTransform
from tests.random_encoders import TINY, random_encoder


def register_two(folder: Path) -> None:
    """Register two encoders with the same random weights on different pixels in the folder."""
    checkpoints = []
    for name, resize in (("first", 36), ("second", 48)):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            transform = EvaluationTransform(resize=resize, crop=TINY.image_size)
            manifest, tensors = random_encoder(name, transform=transform)
        checkpoints.append(folder / f".{name}" / manifest.encoder_id)
        save_checkpoint(checkpoints[-1], manifest, tensors)
    first, second = checkpoints
    exported = register_encoder(str(first), folder) / ONNX_FILE
    # The network is the same: exporting it again would take seconds.
    shutil.copy(exported, second)
    second.rename(folder / second.name)
