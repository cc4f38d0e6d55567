"""Encoders in the layouts of other projects, from which models.loaders reads them again.

What is written carries the encoder's manifest, so that coming back it has the same feature,
transform, licence and id.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from models.errors import EncoderError
from models.exporting import vit_msn
from models.exporting.onnx_file import write_onnx
from models.exporting.placing import check_free, staged
from models.exporting.reference import write_reference
from models.exporting.source import Source, open_source
from models.exporting.timm_file import write_timm
from models.loaders import Hub
from models.manifest import Manifest

__all__ = ["LAYOUTS", "Exported", "export_encoder"]


@dataclass(frozen=True)
class Layout:
    """How an encoder is written: as one file, or as these `files` of a folder."""

    write: Callable[[Source, Path], list[str]]
    files: tuple[str, ...] = ()


LAYOUTS = {
    "msn": Layout(write_reference),
    "hf": Layout(vit_msn.write_vit_msn, (vit_msn.WEIGHTS, vit_msn.PREPROCESSOR, vit_msn.CONFIG)),
    "timm": Layout(write_timm),
    "onnx": Layout(write_onnx),
}


@dataclass(frozen=True)
class Exported:
    """What was written where, and what whoever uses it with other tools should know."""

    path: Path
    manifest: Manifest
    notes: list[str]


def export_encoder(
    spec: str, layout: str, out: Path, *, overwrite: bool = False, hub: Hub | None = None
) -> Exported:
    """Write the encoder that `spec` names to `out`, whole or not at all.

    `layout` is one of LAYOUTS: "msn" (the reference's .pth.tar), "hf" (a folder for transformers'
    ViTMSNModel), "timm" (.safetensors under timm's names) or "onnx". Raises EncoderError where
    there is no such encoder or layout, the layout cannot express the encoder, something is at
    `out` already and `overwrite` is not set, or `out` cannot be written.
    """
    if layout not in LAYOUTS:
        raise EncoderError(f"{layout!r} is no export format: give one of {', '.join(LAYOUTS)}.")
    out, chosen = out.expanduser().resolve(), LAYOUTS[layout]
    check_free(out, chosen.files, overwrite)
    source = open_source(spec, hub)
    with staged(out, chosen.files) as place:
        notes = chosen.write(source, place)
    return Exported(out, source.manifest, [*notes, _transform_note(source.manifest)])


def _transform_note(manifest: Manifest) -> str:
    transform = manifest.transform
    return (
        f"Images: RGB, shorter side resized to {transform.resize} ({transform.interpolation}), "
        f"centre crop {transform.crop}, mean {transform.mean}, std {transform.std}."
    )
