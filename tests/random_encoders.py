"""Encoders with random weights: as fast as trained ones, and for most tests as good."""

from typing import Literal

from torch import Tensor

from models.checkpoints import new_manifest
from models.manifest import Feature, Manifest, VitConfig
from models.transforms import EvaluationTransform
from models.vit import build_vit

# Embeds in a millisecond, and is exported in a second.
TINY = VitConfig(image_size=32, patch_size=8, width=32, depth=2, heads=2)
TINY_CROP = EvaluationTransform(resize=36, crop=TINY.image_size)


def random_encoder(
    name: str,
    architecture: VitConfig = TINY,
    transform: EvaluationTransform = TINY_CROP,
    norm: Literal["pre", "post"] = "pre",
) -> tuple[Manifest, dict[str, Tensor]]:
    """As a loader gives it; the weights are torch's next random numbers."""
    tensors = build_vit(architecture).state_dict()
    manifest = new_manifest(
        name,
        tensors,
        source="random",
        licence="Apache-2.0",
        architecture=architecture,
        transform=transform,
        feature=Feature(norm=norm),
    )
    return manifest, tensors
