"""From a pretraining run to an encoder's folder: what it has learned, in half precision."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from models.checkpoints import new_manifest, save_checkpoint
from models.manifest import ONNX_FILE, Feature, Manifest
from models.msn import MaskedSiameseNetwork
from models.onnx_export import export_onnx
from models.pretraining.recipe import Recipe
from models.transforms import EvaluationTransform
from models.vit import build_vit


@dataclass(frozen=True)
class EncoderCard:
    """What a manifest says beside the architecture; see models.manifest.Manifest."""

    name: str
    source: str
    licence: str
    training: dict[str, Any] = field(default_factory=dict)
    probes: dict[str, Any] = field(default_factory=dict)
    notice: str | None = None


def save_encoder(
    folder: Path, recipe: Recipe, network: MaskedSiameseNetwork, card: EncoderCard
) -> Manifest:
    """Write manifest, fp16 weights and ONNX of what was learned, without the projection head.

    The feature is the CLS token before the final LayerNorm, as in the paper's evaluation.
    """
    size = recipe.vit.image_size
    weights = network.learned().state_dict()
    tensors = {key: tensor.to("cpu", torch.float16) for key, tensor in weights.items()}
    manifest = new_manifest(
        card.name,
        tensors,
        source=card.source,
        licence=card.licence,
        architecture=recipe.vit,
        transform=EvaluationTransform(resize=size, crop=size),
        feature=Feature(norm="pre"),
        training=card.training | {"recipe": recipe.to_dict()},
        probes=card.probes,
        notice=card.notice,
    )
    save_checkpoint(folder, manifest, tensors)
    vit = build_vit(recipe.vit)
    vit.load_state_dict(tensors)
    export_onnx(vit, manifest, folder / ONNX_FILE)
    return manifest
