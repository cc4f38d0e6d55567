"""Hugging Face's layout, against transformers' own ViTMSN."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import ViTMSNConfig, ViTMSNForImageClassification, ViTMSNModel

from models.errors import EncoderError
from models.loaders import load_encoder
from models.manifest import Norm
from models.vit import build_vit, cls_feature

CONFIG = ViTMSNConfig(
    hidden_size=48,
    num_hidden_layers=3,
    num_attention_heads=4,
    intermediate_size=96,
    image_size=32,
    patch_size=8,
)


@pytest.fixture(scope="module")
def theirs() -> ViTMSNModel:
    torch.manual_seed(0)
    model = ViTMSNModel(CONFIG).eval()
    with torch.no_grad():  # what starts as zero or one would hide a mix-up
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model


@pytest.fixture
def folder(theirs: ViTMSNModel, tmp_path: Path) -> Path:
    theirs.save_pretrained(tmp_path)
    return tmp_path


def our_features(spec: str, images: Tensor, norm: Norm) -> Tensor:
    manifest, tensors = load_encoder(spec, norm=norm, image_size=images.shape[-1])
    vit = build_vit(manifest.architecture).eval()
    vit.load_state_dict(tensors)
    with torch.inference_mode():
        return cls_feature(vit, images, manifest.feature.norm)


@torch.inference_mode()
def test_features_are_those_of_transformers(theirs: ViTMSNModel, folder: Path) -> None:
    images = torch.randn(4, 3, 32, 32)
    expected = theirs(images, output_hidden_states=True)
    theirs_by_norm: dict[Norm, Tensor] = {
        "pre": expected.hidden_states[-1][:, 0],
        "post": expected.last_hidden_state[:, 0],
    }
    for norm, features in theirs_by_norm.items():
        found = our_features(f"hf:{folder}", images, norm)
        torch.testing.assert_close(found, features, rtol=0, atol=1e-4)


@torch.inference_mode()
def test_other_sizes_are_interpolated_as_transformers_does(
    theirs: ViTMSNModel, folder: Path
) -> None:
    images = torch.randn(2, 3, 48, 48)
    expected = theirs(images, interpolate_pos_encoding=True).last_hidden_state[:, 0]
    found = our_features(f"hf:{folder}", images, "post")
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4)


def test_a_classifiers_folder_gives_the_same_encoder(
    theirs: ViTMSNModel, folder: Path, tmp_path: Path
) -> None:
    classifier = ViTMSNForImageClassification(CONFIG)
    classifier.vit.load_state_dict(theirs.state_dict())
    other = tmp_path / "classifier" / folder.name
    classifier.save_pretrained(other)
    assert load_encoder(f"hf:{other}")[0].encoder_id == load_encoder(f"hf:{folder}")[0].encoder_id


def test_a_torch_file_gives_the_same_encoder(folder: Path) -> None:
    expected = load_encoder(f"hf:{folder}")[0].encoder_id
    weights = folder / "model.safetensors"
    torch.save(load_file(weights), folder / "pytorch_model.bin")
    weights.unlink()
    assert load_encoder(f"hf:{folder}")[0].encoder_id == expected


def test_the_manifest_states_msns_protocol(folder: Path) -> None:
    manifest, _ = load_encoder(f"hf:{folder}")
    assert manifest.feature.norm == "pre"
    assert (manifest.transform.resize, manifest.transform.crop) == (37, 32)
    assert manifest.licence == "unknown"
    assert manifest.architecture.mlp_ratio == 2.0


KEY = "encoder.layer.1.attention.attention.key.weight"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda tensors: tensors.pop(KEY), f"missing: {KEY}"),
        (lambda tensors: tensors.update({KEY: torch.zeros(48, 8)}), rf"{KEY} is \(48, 8\)"),
        (lambda tensors: tensors.update(pooler=torch.zeros(2)), "unknown: pooler"),
    ],
)
def test_unexpected_tensors_are_named_as_the_file_names_them(
    folder: Path, change: Callable[[dict[str, Tensor]], object], fault: str
) -> None:
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(EncoderError, match=fault):
        load_encoder(f"hf:{folder}")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"model_type": "vit"}, "model_type is 'vit'"),
        ({"hidden_act": "relu"}, "hidden_act is 'relu'"),
        ({"patch_size": 5}, "no multiple of patch size 5"),
        ({"hidden_size": "wide"}, "no usable ViTMSN encoder"),
        ({"hidden_size": 0}, "no usable ViTMSN encoder"),
    ],
)
def test_unsupported_configurations_are_refused(
    folder: Path, change: dict[str, object], fault: str
) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(EncoderError, match=fault):
        load_encoder(f"hf:{folder}")


def test_what_the_configuration_leaves_out_has_transformers_default(tmp_path: Path) -> None:
    model = ViTMSNModel(ViTMSNConfig(num_hidden_layers=1, intermediate_size=64))
    model.save_pretrained(tmp_path)
    short = {"model_type": "vit_msn", "num_hidden_layers": 1, "intermediate_size": 64}
    expected = load_encoder(f"hf:{tmp_path}")[0].architecture
    (tmp_path / "config.json").write_text(json.dumps(short))
    assert load_encoder(f"hf:{tmp_path}")[0].architecture == expected


def test_incomplete_folders_are_refused(folder: Path) -> None:
    (folder / "config.json").write_text("{}")
    with pytest.raises(EncoderError, match="model_type is None"):
        load_encoder(f"hf:{folder}")
    (folder / "model.safetensors").unlink()
    with pytest.raises(EncoderError, match=r"neither model\.safetensors nor pytorch_model\.bin"):
        load_encoder(f"hf:{folder}")


def test_a_name_that_is_no_folder_and_no_repository_is_refused() -> None:
    with pytest.raises(EncoderError, match="neither a folder here nor a hub name"):
        load_encoder("hf:./nowhere")
