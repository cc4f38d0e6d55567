"""The ONNX file, as ONNX Runtime reads it."""

from pathlib import Path

import onnxruntime
import pytest
import torch

from models.exporting import export_encoder
from models.loaders import load_encoder
from models.manifest import Manifest
from models.vit import build_vit, cls_feature


@pytest.mark.parametrize(("encoder", "place"), [("pre", "before"), ("post", "after")])
def test_it_gives_the_feature_and_says_what_it_is(
    encoders: dict[str, Path], encoder: str, place: str, tmp_path: Path
) -> None:
    exported = export_encoder(str(encoders[encoder]), "onnx", tmp_path / "x.onnx")
    assert f"features (n, 48): the CLS {place} the final LayerNorm" in exported.notes[0]
    session = onnxruntime.InferenceSession(exported.path)
    manifest, tensors = load_encoder(str(encoders[encoder]))
    vit = build_vit(manifest.architecture).eval()
    vit.load_state_dict(tensors)
    images = torch.randn(3, 3, 32, 32)
    (found,) = session.run(None, {"images": images.numpy()})
    with torch.inference_mode():
        expected = cls_feature(vit, images, manifest.feature.norm)
    torch.testing.assert_close(torch.from_numpy(found), expected, rtol=0, atol=1e-4)
    told = session.get_modelmeta().custom_metadata_map["handful"]
    assert Manifest.model_validate_json(told) == manifest
