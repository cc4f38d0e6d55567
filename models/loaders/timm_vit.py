"""Plain ViTs of timm, from the hub or from a file in timm's layout."""

import math
from pathlib import Path
from typing import Any

import timm
import torch
from timm.models import PretrainedCfg, get_pretrained_cfg
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from models.checkpoints import check_tensors, new_manifest
from models.errors import EncoderError
from models.loaders.hub import Hub
from models.loaders.own import carried_manifest, restore
from models.loaders.tensors import read_metadata, read_tensors
from models.manifest import Feature, Manifest, VitConfig
from models.transforms import EvaluationTransform


def load_timm(name: str, path: Path | None, hub: Hub) -> tuple[Manifest, dict[str, Tensor]]:
    """A plain ViT by timm's name, from the hub or from `path`, its classifier head dropped.

    Transform and licence come from timm's configuration of that name; the feature is the CLS
    after the LayerNorm, which is what timm's own head sees. A file that carries a manifest is
    what it says, and needs no `name`.
    """
    if path and not name:
        return _load_carried(path)
    config = _pretrained_config(name)
    architecture = _architecture(name)
    where = path or _download(name, config, hub)
    tensors = _encoder_tensors(where)
    check_tensors(tensors, architecture, str(where))
    if carried := carried_manifest(read_metadata(where)):
        return restore(carried, tensors, where)
    manifest = new_manifest(
        name,
        tensors,
        source=f"timm:{name}" + (f"={path.name}" if path else ""),
        licence=config.license or "unknown",
        architecture=architecture,
        transform=_transform(name, config),
        feature=Feature(norm="post"),
    )
    return manifest, tensors


def _load_carried(path: Path) -> tuple[Manifest, dict[str, Tensor]]:
    tensors = _encoder_tensors(path)
    carried = carried_manifest(read_metadata(path))
    if carried is None:
        raise EncoderError(f"{path} does not say what it holds: give timm:NAME={path}.")
    return restore(carried, tensors, path)


def _encoder_tensors(path: Path) -> dict[str, Tensor]:
    tensors = {key: tensor.float() for key, tensor in read_tensors(path).items()}
    return {key: tensor for key, tensor in tensors.items() if not key.startswith("head.")}


def _pretrained_config(name: str) -> PretrainedCfg:
    try:
        config = get_pretrained_cfg(name)
    except RuntimeError as error:
        raise EncoderError(f"timm cannot tell what {name} is: {error}") from error
    if config is None:
        raise EncoderError(f"timm has no model {name}: timm.list_pretrained('vit*') names them.")
    return config


def _download(name: str, config: PretrainedCfg, hub: Hub) -> Path:
    if not config.hf_hub_id:
        raise EncoderError(f"the hub has no weights of {name}: give timm:{name}=FILE.safetensors.")
    hub.ask(config.hf_hub_id, "config.json")
    return hub.fetch(config.hf_hub_id, "model.safetensors")


def _architecture(name: str) -> VitConfig:
    with torch.device("meta"):
        model = timm.create_model(name, num_classes=0)
    if type(model) is not VisionTransformer or not isinstance(model.norm, nn.LayerNorm):
        raise EncoderError(f"timm:{name} is no plain ViT with a CLS token; choose another.")
    block: Any = model.blocks[0]
    config = VitConfig(
        image_size=model.patch_embed.img_size[0],
        patch_size=model.patch_embed.patch_size[0],
        width=model.embed_dim,
        depth=len(model.blocks),
        heads=block.attn.num_heads,
        mlp_ratio=block.mlp.fc1.out_features / model.embed_dim,
        norm_eps=model.norm.eps,
    )
    # Layer scale, registers and the like show as tensors of their own; activations do not.
    check_tensors(model.state_dict(), config, f"timm:{name}, which is no plain ViT,")
    if repr(block.mlp.act) != repr(nn.GELU()):
        raise EncoderError(f"timm:{name} uses {block.mlp.act}, only GELU is supported.")
    return config


def _transform(name: str, config: PretrainedCfg) -> EvaluationTransform:
    size = config.input_size[-1]
    if config.crop_mode != "center":
        raise EncoderError(
            f"timm:{name} crops by {config.crop_mode!r}, only 'center' is supported."
        )
    return EvaluationTransform.model_validate(
        {
            "resize": math.floor(size / config.crop_pct),
            "crop": size,
            "mean": config.mean,
            "std": config.std,
            "interpolation": config.interpolation,
        }
    )
