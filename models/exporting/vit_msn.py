"""Hugging Face's ViTMSN layout: a folder that transformers' `from_pretrained` takes."""

import json
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor

from models.exporting.source import Source
from models.loaders.vit_msn import their_names
from models.manifest import MANIFEST_KEY
from models.transforms import EvaluationTransform

CONFIG, WEIGHTS, PREPROCESSOR = "config.json", "model.safetensors", "preprocessor_config.json"

_PRE_NOTE = (
    "The feature is the CLS before the final LayerNorm: in transformers "
    "model(images, output_hidden_states=True).hidden_states[-1][:, 0]; "
    "last_hidden_state is after it."
)
_POST_NOTE = (
    "The feature is the CLS after the final LayerNorm: in transformers last_hidden_state[:, 0]."
)
_PILLOW_FILTERS = {"bilinear": 2, "bicubic": 3}


def write_vit_msn(source: Source, folder: Path) -> list[str]:
    """Write configuration, weights and image processor into the new folder `folder`."""
    folder.mkdir()
    metadata = {"format": "pt", MANIFEST_KEY: source.manifest.model_dump_json()}
    weights = safetensors.torch.save(_their_tensors(source.tensors), metadata)
    (folder / WEIGHTS).write_bytes(weights)
    (folder / CONFIG).write_text(json.dumps(_config(source), indent=2) + "\n")
    processor = _processor(source.manifest.transform)
    (folder / PREPROCESSOR).write_text(json.dumps(processor, indent=2) + "\n")
    return [_PRE_NOTE if source.manifest.feature.norm == "pre" else _POST_NOTE]


def _their_tensors(ours: dict[str, Tensor]) -> dict[str, Tensor]:
    """Our tensors under their names, query, key and value apart."""
    theirs: dict[str, Tensor] = {}
    for key, tensor in ours.items():
        names = their_names(key)
        parts = (part.contiguous() for part in tensor.chunk(len(names)))
        theirs |= dict(zip(names, parts, strict=True))
    return theirs


def _config(source: Source) -> dict[str, Any]:
    architecture = source.manifest.architecture
    return {
        "architectures": ["ViTMSNModel"],
        "model_type": "vit_msn",
        "image_size": architecture.image_size,
        "patch_size": architecture.patch_size,
        "num_channels": 3,
        "hidden_size": architecture.width,
        "num_hidden_layers": architecture.depth,
        "num_attention_heads": architecture.heads,
        # Of the tensor, because a ratio may have been rounded.
        "intermediate_size": source.tensors["blocks.0.mlp.fc1.bias"].shape[0],
        "layer_norm_eps": architecture.norm_eps,
        "hidden_act": "gelu",
        "qkv_bias": True,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
    }


def _processor(transform: EvaluationTransform) -> dict[str, Any]:
    # BiT's processor is the one that resizes the shorter side and crops in all versions.
    return {
        "image_processor_type": "BitImageProcessor",
        "do_convert_rgb": True,
        "do_resize": True,
        "size": {"shortest_edge": transform.resize},
        "resample": _PILLOW_FILTERS[transform.interpolation],
        "do_center_crop": True,
        "crop_size": {"height": transform.crop, "width": transform.crop},
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": list(transform.mean),
        "image_std": list(transform.std),
    }
