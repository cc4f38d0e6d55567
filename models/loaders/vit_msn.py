"""Hugging Face's ViTMSN layout: `facebook/vit-msn-small` and its siblings, or a folder."""

import json
import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from models.checkpoints import compare_shapes, expected_shapes, new_manifest
from models.errors import EncoderError
from models.loaders.hub import Hub, MissingHubFileError
from models.loaders.msn import protocol_transform
from models.loaders.own import carried_manifest, restore
from models.loaders.tensors import read_metadata, read_tensors
from models.manifest import Feature, Manifest, VitConfig

PUBLIC = tuple(
    f"facebook/vit-msn-{size}" for size in ("small", "base", "large", "base-4", "large-7")
)

_CONFIG = "config.json"
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_DROPPED = ("classifier.", "embeddings.mask_token")

_SUPPORTED = {"model_type": "vit_msn", "hidden_act": "gelu", "qkv_bias": True, "num_channels": 3}

# transformers leaves out of config.json what equals its own defaults, in some versions.
_DEFAULTS = _SUPPORTED | {
    "model_type": None,
    "image_size": 224,
    "patch_size": 16,
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "layer_norm_eps": 1e-6,
}

# This project's name (timm's) -> theirs; query, key and value are one tensor here, three there.
_RENAMED = {
    r"cls_token": "embeddings.cls_token",
    r"pos_embed": "embeddings.position_embeddings",
    r"patch_embed\.proj\.(\w+)": r"embeddings.patch_embeddings.projection.\1",
    r"norm\.(\w+)": r"layernorm.\1",
    r"blocks\.(\d+)\.norm1\.(\w+)": r"encoder.layer.\1.layernorm_before.\2",
    r"blocks\.(\d+)\.norm2\.(\w+)": r"encoder.layer.\1.layernorm_after.\2",
    r"blocks\.(\d+)\.attn\.qkv\.(\w+)": r"encoder.layer.\1.attention.attention.{part}.\2",
    r"blocks\.(\d+)\.attn\.proj\.(\w+)": r"encoder.layer.\1.attention.output.dense.\2",
    r"blocks\.(\d+)\.mlp\.fc1\.(\w+)": r"encoder.layer.\1.intermediate.dense.\2",
    r"blocks\.(\d+)\.mlp\.fc2\.(\w+)": r"encoder.layer.\1.output.dense.\2",
}


def load_vit_msn(name: str, hub: Hub) -> tuple[Manifest, dict[str, Tensor]]:
    """A ViTMSN by its folder or hub name, with the transform and feature of MSN's protocol.

    transformers' ViTMSNModel gives the CLS *after* the LayerNorm: that is norm="post" here.
    Weights that carry a manifest are what it says.
    """
    config_path, weights_path = _files(name, hub)
    architecture = _architecture(config_path)
    tensors = _renamed(read_tensors(weights_path), architecture, weights_path)
    if carried := carried_manifest(read_metadata(weights_path)):
        return restore(carried, tensors, weights_path)
    manifest = new_manifest(
        Path(name).name,
        tensors,
        source=f"hf:{name}",
        licence="apache-2.0" if name in PUBLIC else "unknown",
        architecture=architecture,
        transform=protocol_transform(architecture.image_size),
        feature=Feature(norm="pre"),
    )
    return manifest, tensors


def _files(name: str, hub: Hub) -> tuple[Path, Path]:
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder / _CONFIG, _local_weights(folder)
    if not re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*", name):
        raise EncoderError(f"hf:{name} is neither a folder here nor a hub name (OWNER/NAME).")
    return hub.ask(name, _CONFIG), _hub_weights(name, hub)


def _hub_weights(name: str, hub: Hub) -> Path:
    for filename in _WEIGHTS:
        if cached := hub.cached(name, filename):
            return cached
    try:
        return hub.fetch(name, _WEIGHTS[0])
    except MissingHubFileError:
        return hub.fetch(name, _WEIGHTS[1])


def _local_weights(folder: Path) -> Path:
    for path in (folder / name for name in _WEIGHTS):
        if path.is_file():
            return path
    raise EncoderError(f"{folder} holds neither {' nor '.join(_WEIGHTS)}: copy the whole folder.")


def _architecture(path: Path) -> VitConfig:
    try:
        return _vit_config(_DEFAULTS | json.loads(path.read_bytes()))
    except OSError as error:
        raise EncoderError(f"{path} cannot be read ({error.strerror}): copy it again.") from error
    except (ValueError, TypeError, ArithmeticError) as error:
        raise EncoderError(f"{path} describes no usable ViTMSN encoder: {error}.") from error


def _vit_config(config: dict[str, Any]) -> VitConfig:
    for key, value in _SUPPORTED.items():
        if config[key] != value:
            raise ValueError(f"{key} is {config[key]!r}, only {value!r} is supported")
    return VitConfig(
        image_size=config["image_size"],
        patch_size=config["patch_size"],
        width=config["hidden_size"],
        depth=config["num_hidden_layers"],
        heads=config["num_attention_heads"],
        mlp_ratio=config["intermediate_size"] / config["hidden_size"],
        norm_eps=config["layer_norm_eps"],
    )


def _renamed(theirs: dict[str, Tensor], architecture: VitConfig, path: Path) -> dict[str, Tensor]:
    """Their tensors under our names; compared under theirs, so that errors speak of the file."""
    bare = {key.removeprefix("vit."): tensor.float() for key, tensor in theirs.items()}
    bare = {key: tensor for key, tensor in bare.items() if not key.startswith(_DROPPED)}
    shapes = expected_shapes(architecture)
    sources = {ours: their_names(ours) for ours in shapes}
    expected = {
        name: (shapes[ours][0] // len(names), *shapes[ours][1:])
        for ours, names in sources.items()
        for name in names
    }
    compare_shapes(expected, bare, architecture, str(path))
    return {ours: torch.cat([bare[name] for name in names]) for ours, names in sources.items()}


def their_names(ours: str) -> list[str]:
    for pattern, theirs in _RENAMED.items():
        if match := re.fullmatch(pattern, ours):
            name = match.expand(theirs)
            parts = ("query", "key", "value") if "{part}" in name else ("",)
            return [name.format(part=part) for part in parts]
    raise LookupError(f"no ViTMSN name is known for {ours}")
