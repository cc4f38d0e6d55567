"""Encoders that say themselves what they are: by a manifest beside or inside their weights."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from models.checkpoints import check_tensors, encoder_id, load_checkpoint
from models.errors import EncoderError
from models.manifest import MANIFEST_KEY, Manifest, parse_manifest

Loaded = tuple[Manifest, dict[str, Tensor]]


def load_own(folder: Path) -> Loaded:
    """A Handful checkpoint folder whose content still has the id it was saved under."""
    manifest, tensors = load_checkpoint(folder)
    _check_id(manifest, tensors, folder)
    return manifest, tensors


def carried_manifest(content: object) -> str | None:
    """The manifest (JSON) among the content of a torch file or the metadata of another, if any."""
    carried = content.get(MANIFEST_KEY) if isinstance(content, Mapping) else None
    return carried if isinstance(carried, str) else None


def restore(carried: str, tensors: dict[str, Tensor], path: Path) -> Loaded:
    """The encoder of an exported file, by the manifest (JSON) that `path` carries.

    Raises EncoderError if that is no manifest, or not one of these tensors.
    """
    manifest = parse_manifest(carried, f"the manifest in {path}")
    check_tensors(tensors, manifest.architecture, str(path))
    _check_id(manifest, tensors, path)
    return manifest, tensors


def _check_id(manifest: Manifest, tensors: dict[str, Tensor], where: Path) -> None:
    found = encoder_id(
        manifest.name, tensors, manifest.architecture, manifest.transform, manifest.feature
    )
    if found != manifest.encoder_id:
        raise EncoderError(
            f"{where} says it holds {manifest.encoder_id} but holds {found}: it was damaged or "
            "edited. Copy it again."
        )
