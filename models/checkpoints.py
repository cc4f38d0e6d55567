"""Encoder folders: `manifest.json` beside `model.safetensors`, written whole, read strictly."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from models.errors import EncoderError
from models.manifest import MANIFEST_FILE, WEIGHTS_FILE, Feature, Manifest, VitConfig, load_manifest
from models.transforms import EvaluationTransform
from models.vit import build_vit

__all__ = [
    "Manifest",
    "check_tensors",
    "compare_shapes",
    "encoder_id",
    "expected_shapes",
    "load_checkpoint",
    "load_manifest",
    "new_manifest",
    "read_safetensors",
    "save_checkpoint",
    "save_manifest",
]

Tensors = Mapping[str, Tensor]


def new_manifest(  # noqa: PLR0913 - a manifest has these fields
    name: str,
    tensors: Tensors,
    *,
    source: str,
    licence: str,
    architecture: VitConfig,
    transform: EvaluationTransform,
    feature: Feature,
    training: dict[str, Any] | None = None,
    probes: dict[str, Any] | None = None,
    notice: str | None = None,
) -> Manifest:
    """The manifest of an encoder, its id derived from what decides its features."""
    return Manifest(
        name=name,
        encoder_id=encoder_id(name, tensors, architecture, transform, feature),
        source=source,
        licence=licence,
        architecture=architecture,
        transform=transform,
        feature=feature,
        dimension=architecture.width,
        training=training or {},
        probes=probes or {},
        notice=notice,
    )


def encoder_id(
    name: str,
    tensors: Tensors,
    architecture: VitConfig,
    transform: EvaluationTransform,
    feature: Feature,
) -> str:
    """A readable id such as `vit-msn-small-1a2b3c4d`: equal ids give equal features.

    Tensors are hashed as float32, so that storing them as float16 keeps the id of the
    rounded values.
    """
    digest = hashlib.sha256()
    for part in (asdict(architecture), transform.model_dump(), feature.model_dump()):
        digest.update(json.dumps(part, sort_keys=True).encode())
    for key in sorted(tensors):
        digest.update(f"{key}{tuple(tensors[key].shape)}".encode())
        digest.update(tensors[key].detach().cpu().float().contiguous().numpy().tobytes())
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "encoder"
    return f"{slug}-{digest.hexdigest()[:8]}"


def save_checkpoint(folder: Path, manifest: Manifest, state_dict: Tensors) -> None:
    """Write weights, then manifest, each whole or not at all, so that a manifest means weights.

    Tensors keep their dtype (float16 halves the file); raises EncoderError unless they are
    exactly those of the manifest's architecture.
    """
    folder = Path(folder)
    check_tensors(state_dict, manifest.architecture, f"the encoder for {folder}")
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {key: tensor.detach().cpu().contiguous() for key, tensor in state_dict.items()}
    _write_whole(folder / WEIGHTS_FILE, safetensors.torch.save(tensors))
    save_manifest(folder, manifest)


def save_manifest(folder: Path, manifest: Manifest) -> None:
    """Write or replace the manifest of a folder that holds its weights, whole or not at all."""
    content = manifest.model_dump_json(indent=2) + "\n"
    _write_whole(Path(folder) / MANIFEST_FILE, content.encode())


def load_checkpoint(folder: Path) -> tuple[Manifest, dict[str, Tensor]]:
    """Manifest and float32 tensors of a folder; raises EncoderError on anything unexpected."""
    manifest = load_manifest(folder)
    path = Path(folder) / WEIGHTS_FILE
    tensors = {key: tensor.float() for key, tensor in read_safetensors(path).items()}
    check_tensors(tensors, manifest.architecture, str(path))
    return manifest, tensors


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file; raises EncoderError if it is missing or damaged."""
    try:
        return safetensors.torch.load_file(path)
    except (OSError, SafetensorError) as error:
        raise EncoderError(
            f"{path} cannot be read as safetensors ({error}): download or copy it again"
        ) from error


def expected_shapes(config: VitConfig) -> dict[str, tuple[int, ...]]:
    """Name and shape of every tensor of the encoder that `config` describes."""
    with torch.device("meta"):
        state: Tensors = build_vit(config).state_dict()
    return {key: tuple(tensor.shape) for key, tensor in state.items()}


def check_tensors(tensors: Tensors, config: VitConfig, where: str) -> None:
    """Raise EncoderError unless `tensors` are exactly those of `config`."""
    compare_shapes(expected_shapes(config), tensors, config, where)


def compare_shapes(
    expected: Mapping[str, tuple[int, ...]], tensors: Tensors, config: VitConfig, where: str
) -> None:
    """Raise EncoderError naming each tensor that is missing, unknown or of the wrong shape."""
    found = {key: tuple(tensor.shape) for key, tensor in tensors.items()}
    faults = {
        "missing": sorted(expected.keys() - found.keys()),
        "unknown": sorted(found.keys() - expected.keys()),
        "misshapen": [
            f"{key} is {found[key]} instead of {expected[key]}"
            for key in sorted(expected.keys() & found.keys())
            if found[key] != expected[key]
        ],
    }
    report = "; ".join(f"{kind}: {_listing(names)}" for kind, names in faults.items() if names)
    if report:
        raise EncoderError(
            f"{where} does not fit {config}: {report}. Name the architecture that the file was "
            "made with, or download it again."
        )


def _listing(names: list[str], shown: int = 8) -> str:
    rest = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + rest


def _write_whole(path: Path, content: bytes) -> None:
    """Write beside the file and rename, so that a reader never meets half of it."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(content)
    partial.replace(path)
