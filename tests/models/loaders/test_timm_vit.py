"""timm's names and files, against timm's own models."""

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import load_file, save_file

from models.errors import EncoderError
from models.loaders import load_encoder
from models.vit import build_vit, cls_feature

NAME = "vit_tiny_patch16_224"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("timm") / "random.safetensors"
    torch.manual_seed(0)
    tensors = timm.create_model(NAME).state_dict()
    save_file({key: tensor.half() for key, tensor in tensors.items()}, path)
    return path


def test_the_feature_is_what_timms_head_sees(weights: Path) -> None:
    manifest, tensors = load_encoder(f"timm:{NAME}={weights}")
    ours = build_vit(manifest.architecture).eval()
    ours.load_state_dict(tensors)
    theirs = timm.create_model(NAME).eval()
    theirs.load_state_dict(load_file(weights))
    images = torch.randn(2, 3, 224, 224)
    with torch.inference_mode():
        expected = theirs.forward_head(theirs.forward_features(images), pre_logits=True)
        found = cls_feature(ours, images, manifest.feature.norm)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4)


def test_transform_and_licence_are_timms(weights: Path) -> None:
    manifest, _ = load_encoder(f"timm:{NAME}={weights}")
    assert manifest.feature.norm == "post"
    assert manifest.licence == "apache-2.0"
    assert manifest.transform.mean == manifest.transform.std == (0.5, 0.5, 0.5)
    assert (manifest.transform.resize, manifest.transform.crop) == (248, 224)
    assert manifest.transform.interpolation == "bicubic"
    assert manifest.source == f"timm:{NAME}=random.safetensors"


def test_a_torch_file_serves_as_well(weights: Path, tmp_path: Path) -> None:
    torch.save(load_file(weights), tmp_path / "weights.pth")
    found = load_encoder(f"timm:{NAME}={tmp_path / 'weights.pth'}")[0].encoder_id
    assert found == load_encoder(f"timm:{NAME}={weights}")[0].encoder_id


def test_weights_of_another_architecture_are_refused(weights: Path) -> None:
    with pytest.raises(EncoderError, match=r"misshapen: .*\(192,\) instead of \(384,\)"):
        load_encoder(f"timm:vit_small_patch16_224={weights}")


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("vit_small_patch14_dinov2", "unknown: blocks.0.ls1.gamma"),
        ("vit_base_patch16_clip_quickgelu_224", "no plain ViT"),
        ("resnet18", "no plain ViT"),
        ("vit_tiny_patch16_nowhere", "timm has no model vit_tiny_patch16_nowhere"),
        ("vit_tiny_patch16_224.nowhere", "Invalid pretrained tag"),
    ],
)
def test_other_models_are_refused(weights: Path, name: str, fault: str) -> None:
    with pytest.raises(EncoderError, match=fault):
        load_encoder(f"timm:{name}={weights}")
