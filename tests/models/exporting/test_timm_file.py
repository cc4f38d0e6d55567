"""The timm file, as timm reads it."""

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import load_file

from models.exporting import export_encoder
from models.exporting.timm_file import TIMM_MODEL, timm_arguments
from models.loaders import load_encoder
from models.manifest import VitConfig
from models.vit import build_vit, cls_feature
from tests.models.exporting.conftest import write_encoder

NAMED = VitConfig(image_size=224, patch_size=16, width=192, depth=12, heads=3)


@pytest.mark.parametrize("encoder", ["pre", "bundled"])
@torch.inference_mode()
def test_timm_builds_the_same_encoder(
    encoders: dict[str, Path], encoder: str, tmp_path: Path
) -> None:
    path = export_encoder(str(encoders[encoder]), "timm", tmp_path / "x.safetensors").path
    manifest, tensors = load_encoder(str(encoders[encoder]))
    theirs = timm.create_model(
        TIMM_MODEL, checkpoint_path=path, **timm_arguments(manifest.architecture)
    ).eval()
    ours = build_vit(manifest.architecture).eval()
    ours.load_state_dict(tensors)
    size = manifest.architecture.image_size
    images = torch.randn(2, 3, size, size)
    torch.testing.assert_close(theirs(images), cls_feature(ours, images, "post"))
    theirs.norm = torch.nn.Identity()  # as the note of the export says
    torch.testing.assert_close(theirs(images), cls_feature(ours, images, "pre"))


def test_a_model_that_timm_names_loads_by_that_name(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "encoder", "pre", NAMED)
    path = export_encoder(str(folder), "timm", tmp_path / "x.safetensors").path
    with torch.device("meta"):
        theirs = timm.create_model("vit_tiny_patch16_224", num_classes=0)
    theirs.load_state_dict(load_file(path), strict=True, assign=True)
    manifest, _ = load_encoder(f"timm:vit_tiny_patch16_224={path}")
    assert manifest == load_encoder(str(folder))[0]  # with its own feature and transform
