"""The same vision transformer as Hugging Face's library runs it, for comparison."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import ViTConfig, ViTImageProcessor, ViTModel, pipeline

from models.manifest import Manifest

# Names in timm's layout, and in the library's.
_OUTSIDE = {
    "cls_token": "embeddings.cls_token",
    "pos_embed": "embeddings.position_embeddings",
    "patch_embed.proj": "embeddings.patch_embeddings.projection",
    "norm": "layernorm",
}
_INSIDE = {
    "norm1": "layernorm_before",
    "norm2": "layernorm_after",
    "attn.proj": "attention.o_proj",
    "mlp.fc1": "mlp.fc1",
    "mlp.fc2": "mlp.fc2",
}


def save_hf_vit(manifest: Manifest, tensors: Mapping[str, Tensor], folder: Path) -> Path:
    """Write the encoder's weights as a checkpoint folder of the library, with its processor."""
    model = ViTModel(_config(manifest), add_pooling_layer=False)
    state = dict(pair for name, tensor in tensors.items() for pair in _renamed(name, tensor))
    model.load_state_dict(state)
    model.save_pretrained(folder)
    side = manifest.transform.crop
    ViTImageProcessor(
        size={"height": side, "width": side},
        image_mean=list(manifest.transform.mean),
        image_std=list(manifest.transform.std),
    ).save_pretrained(folder)
    return folder


def hf_pipeline(folder: Path, device: str) -> Any:
    """Its image-feature-extraction, in bfloat16 on a GPU, as tensors instead of lists."""
    kind = torch.float32 if device == "cpu" else torch.bfloat16
    return pipeline(
        "image-feature-extraction",
        model=str(folder),
        device=device,
        dtype=kind,
        model_kwargs={"add_pooling_layer": False},
        return_tensors=True,
    )


def _config(manifest: Manifest) -> ViTConfig:
    architecture = manifest.architecture
    return ViTConfig(
        image_size=architecture.image_size,
        patch_size=architecture.patch_size,
        hidden_size=architecture.width,
        num_hidden_layers=architecture.depth,
        num_attention_heads=architecture.heads,
        intermediate_size=int(architecture.mlp_ratio * architecture.width),
        layer_norm_eps=architecture.norm_eps,
    )


def _renamed(name: str, tensor: Tensor) -> list[tuple[str, Tensor]]:
    """One tensor by its name there; three for queries, keys and values, which are apart there."""
    parameter = name.rpartition(".")[2]
    if not name.startswith("blocks."):
        new = _OUTSIDE.get(name)
        return [(new or f"{_OUTSIDE[name.rpartition('.')[0]]}.{parameter}", tensor)]
    _, number, *words, _ = name.split(".")
    layer, inside = f"layers.{number}", ".".join(words)
    if inside == "attn.qkv":
        thirds = zip("qkv", tensor.chunk(3), strict=True)
        return [(f"{layer}.attention.{each}_proj.{parameter}", part) for each, part in thirds]
    return [(f"{layer}.{_INSIDE[inside]}.{parameter}", tensor)]
