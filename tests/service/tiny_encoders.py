"""Encoders that embed in a millisecond, made as real ones are."""

import shutil
from pathlib import Path

import torch

from models.checkpoints import new_manifest, save_checkpoint
from models.encoder import register_encoder
from models.manifest import ONNX_FILE, Feature, VitConfig
from models.transforms import EvaluationTransform
from models.vit import build_vit

TINY = VitConfig(image_size=32, patch_size=8, width=32, depth=2, heads=2)


def register_two(folder: Path) -> None:
    """Register two encoders with the same random weights on different pixels in the folder."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        tensors = build_vit(TINY).state_dict()
    checkpoints = []
    for name, resize in (("first", 36), ("second", 48)):
        manifest = new_manifest(
            name,
            tensors,
            source="random",
            licence="Apache-2.0",
            architecture=TINY,
            transform=EvaluationTransform(resize=resize, crop=TINY.image_size),
            feature=Feature(norm="pre"),
        )
        checkpoints.append(folder / f".{name}" / manifest.encoder_id)
        save_checkpoint(checkpoints[-1], manifest, tensors)
    first, second = checkpoints
    exported = register_encoder(str(first), folder) / ONNX_FILE
    # The network is the same: exporting it again would take seconds.
    shutil.copy(exported, second)
    second.rename(folder / second.name)
