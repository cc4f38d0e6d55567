"""A `.safetensors` file under timm's names, without a classifier head."""

from pathlib import Path
from typing import Any

import safetensors.torch

from models.errors import EncoderError
from models.exporting.source import Source, check_usual_eps
from models.manifest import MANIFEST_KEY, VitConfig

# Any plain ViT of timm would do: all that distinguishes it is given anew.
TIMM_MODEL = "vit_base_patch16_224"


def write_timm(source: Source, path: Path) -> list[str]:
    """Write weights that the timm model of `timm_arguments` loads strictly."""
    if path.suffix != ".safetensors":
        raise EncoderError(
            f"{path.name} does not end in .safetensors, by which timm knows the format: add it."
        )
    check_usual_eps(source, "timm")
    metadata = {"format": "pt", MANIFEST_KEY: source.manifest.model_dump_json()}
    path.write_bytes(safetensors.torch.save(source.tensors, metadata))
    arguments = timm_arguments(source.manifest.architecture)
    listed = ", ".join(f"{name}={value}" for name, value in arguments.items())
    notes = [f'timm builds it by create_model("{TIMM_MODEL}", checkpoint_path=FILE, {listed}).']
    if source.manifest.feature.norm == "pre":
        notes.append(
            "The feature is the CLS before the final LayerNorm, which timm applies: "
            "set model.norm = torch.nn.Identity() there."
        )
    return notes


def timm_arguments(config: VitConfig) -> dict[str, Any]:
    """What turns timm's TIMM_MODEL into `config` without a head."""
    return {
        "num_classes": 0,
        "img_size": config.image_size,
        "patch_size": config.patch_size,
        "embed_dim": config.width,
        "depth": config.depth,
        "num_heads": config.heads,
        "mlp_ratio": config.mlp_ratio,
    }
