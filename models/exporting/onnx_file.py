"""One ONNX file: evaluation pixels to features."""

from pathlib import Path
from tempfile import TemporaryDirectory

import onnx

from models.checkpoints import save_manifest
from models.exporting.source import Source
from models.manifest import MANIFEST_KEY, ONNX_FILE
from models.onnx_encoder import OnnxEncoder
from models.onnx_export import check_agreement, export_onnx
from models.vit import build_vit


def write_onnx(source: Source, path: Path) -> list[str]:
    """Write the encoder as ONNX, checked against torch, the manifest among its metadata."""
    vit = build_vit(source.manifest.architecture)
    vit.load_state_dict(source.tensors)
    vit.eval().requires_grad_(False)
    with TemporaryDirectory(dir=path.parent) as beside:
        folder = Path(beside)
        save_manifest(folder, source.manifest)
        export_onnx(vit, source.manifest, folder / ONNX_FILE)
        check_agreement(vit, OnnxEncoder(folder))
        model = onnx.load(folder / ONNX_FILE)
    onnx.helper.set_model_props(model, {MANIFEST_KEY: source.manifest.model_dump_json()})
    onnx.save(model, path)
    crop, width = source.manifest.transform.crop, source.manifest.dimension
    where = "before" if source.manifest.feature.norm == "pre" else "after"
    note = f"It maps images (n, 3, {crop}, {crop}) to features (n, {width})"
    return [f"{note}: the CLS {where} the final LayerNorm."]
