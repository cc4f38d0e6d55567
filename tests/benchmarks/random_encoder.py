"""Encoders with random weights: as fast as trained ones."""

from pathlib import Path
from typing import Literal

from models.checkpoints import save_checkpoint
from models.loaders.msn import named_architecture, protocol_transform
from tests.random_encoders import random_encoder


def save_random(name: str, folder: Path, norm: Literal["pre", "post"]) -> Path:
    """A checkpoint in `folder` of the architecture that timm knows by this name."""
    architecture = named_architecture(name)
    transform = protocol_transform(architecture.image_size)
    save_checkpoint(folder, *random_encoder(name, architecture, transform, norm))
    return folder
