"""What an encoder's spec may be."""

import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from models.errors import EncoderError
from models.loaders import load_encoder


@pytest.mark.parametrize(
    "spec", ["", "nowhere", "hf:", "msn:vit_small_patch16_224", "timm:", "x:y"]
)
def test_an_unknown_spec_is_answered_with_the_known_ones(spec: str) -> None:
    with pytest.raises(EncoderError, match=r"names no encoder. Give auto, hf:NAME"):
        load_encoder(spec)


def test_a_folder_with_a_manifest_is_a_spec(checkpoint_folder: Path) -> None:
    assert load_encoder(str(checkpoint_folder))[0].name == "tiny"


def test_a_folder_that_was_edited_is_refused(checkpoint_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(checkpoint_folder, tmp_path / "edited")
    tensors = load_file(folder / "model.safetensors")
    save_file(tensors | {"cls_token": tensors["cls_token"] + 1}, folder / "model.safetensors")
    with pytest.raises(EncoderError, match="was damaged or edited"):
        load_encoder(str(folder))


def test_norm_and_image_size_make_another_encoder(checkpoint_folder: Path) -> None:
    spec = str(checkpoint_folder)
    plain, _ = load_encoder(spec)
    normed, _ = load_encoder(spec, norm="post")
    larger, tensors = load_encoder(spec, image_size=48)
    assert len({plain.encoder_id, normed.encoder_id, larger.encoder_id}) == 3
    assert normed.feature.norm == "post"
    assert (larger.transform.resize, larger.transform.crop) == (54, 48)
    assert tensors["pos_embed"].shape == (1, 1 + 6 * 6, 32)
    assert load_encoder(spec, norm="pre", image_size=32)[0] == plain


def test_an_impossible_image_size_is_refused(checkpoint_folder: Path) -> None:
    with pytest.raises(EncoderError, match="image size 50 is impossible"):
        load_encoder(str(checkpoint_folder), image_size=50)
