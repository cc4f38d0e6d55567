"""The official MSN checkpoints (`vits16_800ep.pth.tar` and its siblings)."""

import re
from pathlib import Path

from torch import Tensor

from models.checkpoints import check_tensors, new_manifest
from models.errors import EncoderError
from models.loaders.own import carried_manifest, restore
from models.loaders.tensors import only_tensors, read_torch_file
from models.manifest import Feature, Manifest, VitConfig
from models.transforms import EvaluationTransform

LICENCE = "CC BY-NC 4.0"

_SIZES = {
    "tiny": (192, 12, 3),
    "small": (384, 12, 6),
    "base": (768, 12, 12),
    "large": (1024, 24, 16),
}


def load_msn(name: str, path: Path) -> tuple[Manifest, dict[str, Tensor]]:
    """The target encoder of an official checkpoint, without its projection head.

    Feature and transform are those of MSN's low-shot protocol: CLS before the LayerNorm;
    resize 256, centre crop 224. A file that carries a manifest needs no `name`.
    """
    architecture = named_architecture(name) if name else None
    checkpoint = read_torch_file(path)
    tensors = _target_encoder(checkpoint, path)
    if architecture:
        check_tensors(tensors, architecture, str(path))
    if carried := carried_manifest(checkpoint):
        return restore(carried, tensors, path)
    if architecture is None:
        raise EncoderError(f"{path} does not say what it holds: give msn:ARCHITECTURE={path}.")
    manifest = new_manifest(
        f"msn-{name}",
        tensors,
        source=f"msn:{name}={path.name}",
        licence=LICENCE,
        architecture=architecture,
        transform=protocol_transform(architecture.image_size),
        feature=Feature(norm="pre"),
    )
    return manifest, tensors


def protocol_transform(image_size: int) -> EvaluationTransform:
    """The evaluation transform of MSN's low-shot protocol, which is for 224 pixels, to scale."""
    return EvaluationTransform(resize=round(image_size * 256 / 224), crop=image_size)


def named_architecture(name: str) -> VitConfig:
    """`vit_small_patch16_224` and the like; raises EncoderError on any other name."""
    match = re.fullmatch(rf"vit_({'|'.join(_SIZES)})_patch(\d+)_(\d+)", name)
    if match is None:
        raise EncoderError(
            f"{name!r} names no MSN architecture. Give vit_SIZE_patchP_224, "
            f"where SIZE is one of {', '.join(_SIZES)}."
        )
    size, patch, image = match.groups()
    width, depth, heads = _SIZES[size]
    try:
        return VitConfig(int(image), int(patch), width, depth, heads)
    except ValueError as error:
        raise EncoderError(f"{name!r} is impossible: {error}.") from error


def _target_encoder(checkpoint: object, path: Path) -> dict[str, Tensor]:
    if not isinstance(checkpoint, dict) or "target_encoder" not in checkpoint:
        found = ", ".join(map(str, checkpoint)) if isinstance(checkpoint, dict) else "no names"
        raise EncoderError(
            f"{path} has no target_encoder (it holds {found}): give one of MSN's own checkpoints, "
            "or timm:NAME=FILE for bare encoder weights."
        )
    tensors = only_tensors(checkpoint["target_encoder"], f"target_encoder of {path}")
    bare = {key.removeprefix("module."): tensor.float() for key, tensor in tensors.items()}
    return {key: tensor for key, tensor in bare.items() if not key.startswith("fc.")}
