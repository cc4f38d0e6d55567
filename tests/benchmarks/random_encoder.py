"""Encoders with random weights: as fast as trained ones."""

from pathlib import Path
from typing import Literal

from models.checkpoints import new_manifest, save_checkpoint
from models.loaders.msn import named_architecture, protocol_transform
from models.manifest import Feature
from models.vit import build_vit


def save_random(name: str, folder: Path, norm: Literal["pre", "post"]) -> Path:
    """A checkpoint in `folder` of the architecture that timm knows by this name."""
    architecture = named_architecture(name)
    tensors = build_vit(architecture).state_dict()
    manifest = new_manifest(
        name,
        tensors,
        source="random",
        licence="Apache-2.0",
        architecture=architecture,
        transform=protocol_transform(architecture.image_size),
        feature=Feature(norm=norm),
    )
    save_checkpoint(folder, manifest, tensors)
    return folder
