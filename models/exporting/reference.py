"""The layout of MSN's own checkpoints: a `.pth.tar` with tensors under `module.`."""

from pathlib import Path
from typing import Any

from torch import Tensor

from models.exporting.source import Source, check_usual_eps
from models.loaders.run import RunCheckpoint
from models.manifest import MANIFEST_KEY, VitConfig
from models.torch_file import write_torch_file

_USUAL_SIZE = 224


def write_reference(source: Source, path: Path) -> list[str]:
    """Write the target encoder, and of a run's folder all that the paper's code resumes from."""
    check_usual_eps(source, "msn")
    encoder = {f"module.{name}": tensor for name, tensor in source.tensors.items()}
    checkpoint: dict[str, Any] = {
        "target_encoder": encoder,
        "epoch": source.manifest.training.get("epoch", 0),
        MANIFEST_KEY: source.manifest.model_dump_json(),
    }
    if source.run:
        checkpoint |= _training(source.run)
        # What is to be used, which a share of the run's start may be in, under the target's head.
        checkpoint["target_encoder"] |= encoder
    with path.open("wb") as file:
        write_torch_file(checkpoint, file)
    return _notes(source)


def _training(run: RunCheckpoint) -> dict[str, Any]:
    return {
        "encoder": _side(run, "encoder"),
        "target_encoder": _side(run, "target_encoder"),
        "prototypes": run.network["prototypes"],
        "opt": _optimizer(run.optimizer),
        "epoch": run.epoch,
        "batch_size": run.recipe["batch"],
        "world_size": 1,
        "lr": run.recipe["learning_rate"][1],
        "temperature": run.recipe["temperature"],
    }


def _side(run: RunCheckpoint, side: str) -> dict[str, Tensor]:
    """One encoder, its projection head called `fc`."""
    places = {f"{side}.vit.": "module.", f"{side}.head.": "module.fc."}
    return {
        place + name.removeprefix(prefix): tensor
        for prefix, place in places.items()
        for name, tensor in run.network.items()
        if name.startswith(prefix)
    }


def _optimizer(state: dict[str, Any]) -> dict[str, Any]:
    """AdamW's state, its groups (matrices, other parameters, prototypes) as in the paper's code.

    There, a mark on a group keeps the weight decay schedule away from it.
    """
    groups = [
        {**group, "WD_exclude": True} if not group["decays"] else group
        for group in state["param_groups"]
    ]
    return {**state, "param_groups": groups}


def _notes(source: Source) -> list[str]:
    architecture, norm = source.manifest.architecture, source.manifest.feature.norm
    notes = [f"The paper's code builds this encoder by {_constructor(architecture)}."]
    if architecture.image_size != _USUAL_SIZE:
        notes.append(
            f"Give img_size there: its scripts assume {_USUAL_SIZE}, and its evaluation leaves "
            "positions of another number at random without an error."
        )
    if norm == "pre":
        notes.append("The feature is the CLS before the final LayerNorm, as its logistic_eval has.")
    else:
        notes.append(
            "The feature is the CLS after the final LayerNorm; its logistic_eval takes it before."
        )
    return notes


def _constructor(config: VitConfig) -> str:
    return (
        f"VisionTransformer(img_size=[{config.image_size}], patch_size={config.patch_size}, "
        f"embed_dim={config.width}, depth={config.depth}, num_heads={config.heads}, "
        f"mlp_ratio={config.mlp_ratio:g}, qkv_bias=True, "
        f"norm_layer=partial(LayerNorm, eps={config.norm_eps:g}))"
    )
