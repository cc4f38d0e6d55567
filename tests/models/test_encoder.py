import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import ViTMSNConfig, ViTMSNModel

from models.checkpoints import new_manifest, save_checkpoint
from models.encoder import TorchEncoder, batch_within, register_encoder
from models.errors import EncoderError
from models.loaders import BUNDLED_FOLDER
from models.manifest import VitConfig, load_manifest
from models.onnx_encoder import OnnxEncoder
from models.transforms import evaluation_crop
from tests.models.local_hub import LocalHub

Photos = list[Image.Image]
NO_HUB = "http://127.0.0.1:9"


def least_cosine(first: np.ndarray, second: np.ndarray) -> float:
    first = first - first.mean(axis=1, keepdims=True)
    second = second - second.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    return float(((first * second).sum(axis=1) / norms).min())


def test_a_registered_folder_is_complete_and_named_by_its_id(registered_folder: Path) -> None:
    manifest = load_manifest(registered_folder)
    assert registered_folder.name == manifest.encoder_id
    names = {path.name for path in registered_folder.iterdir()}
    assert names == {"manifest.json", "model.safetensors", "model.onnx"}
    assert list(registered_folder.parent.iterdir()) == [registered_folder]


def test_registering_again_changes_nothing(
    checkpoint_folder: Path, registered_folder: Path
) -> None:
    written = (registered_folder / "model.onnx").stat().st_mtime_ns
    again = register_encoder(str(checkpoint_folder), registered_folder.parent)
    assert again == registered_folder
    assert (registered_folder / "model.onnx").stat().st_mtime_ns == written


def test_torch_and_onnx_agree(registered_folder: Path, photos: Photos) -> None:
    torch_features = TorchEncoder(registered_folder, device="cpu").embed(photos, batch_size=7)
    onnx_features = OnnxEncoder(registered_folder).embed(photos)
    assert torch_features.shape == (20, 32)
    assert torch_features.dtype == np.float32
    assert least_cosine(torch_features, onnx_features) >= 0.9995


def test_no_images_have_no_features(registered_folder: Path) -> None:
    assert TorchEncoder(registered_folder, device="cpu").embed([]).shape == (0, 32)


@pytest.mark.slow
def test_torch_and_onnx_agree_on_real_weights(
    shared_data: Path, photos: Photos, tmp_path: Path
) -> None:
    weights = shared_data / "weights" / "vit_tiny_patch16_224.safetensors"
    folder = register_encoder(f"timm:vit_tiny_patch16_224={weights}", tmp_path)
    torch_features = TorchEncoder(folder, device="cpu").embed(photos)
    assert least_cosine(torch_features, OnnxEncoder(folder).embed(photos)) >= 0.9995


@pytest.mark.gpu
def test_bfloat16_on_the_gpu_agrees(registered_folder: Path, photos: Photos) -> None:
    features = TorchEncoder(registered_folder, device="cuda").embed(photos)
    assert least_cosine(features, OnnxEncoder(registered_folder).embed(photos)) >= 0.9995


@pytest.mark.gpu
def test_bfloat16_on_the_gpu_agrees_on_trained_weights(photos: Photos, tmp_path: Path) -> None:
    folder = register_encoder(str(BUNDLED_FOLDER), tmp_path)
    features = TorchEncoder(folder, device="cuda").embed(photos)
    assert least_cosine(features, OnnxEncoder(folder).embed(photos)) >= 0.9995


def test_weights_with_nan_are_not_registered(
    make_encoder: Callable[..., Any], tmp_path: Path
) -> None:
    manifest, tensors = make_encoder()
    broken = tensors | {"norm.bias": torch.full((32,), float("nan"))}
    fields = {"source", "licence", "architecture", "transform"}
    broken_manifest = new_manifest(
        "broken",
        broken,
        feature=manifest.feature.model_copy(update={"norm": "post"}),
        **{field: getattr(manifest, field) for field in fields},
    )
    save_checkpoint(tmp_path / "broken", broken_manifest, broken)
    with pytest.raises(EncoderError, match="disagrees with torch"):
        register_encoder(str(tmp_path / "broken"), tmp_path / "encoders")
    assert list((tmp_path / "encoders").iterdir()) == []


def test_auto_falls_back_on_the_bundled_encoder_and_says_so(
    checkpoint_folder: Path, tmp_path: Path
) -> None:
    folder = register_encoder(
        "auto",
        tmp_path / "encoders",
        cache_folder=tmp_path / "cache",
        hub_endpoint=NO_HUB,
        bundled_folder=checkpoint_folder,
    )
    manifest = load_manifest(folder)
    assert manifest.name == "tiny"
    assert manifest.notice is not None
    assert "Using the bundled encoder tiny" in manifest.notice
    assert "register hf:facebook/vit-msn-small" in manifest.notice


def test_the_notice_tells_how_the_encoder_was_chosen_last(
    checkpoint_folder: Path, tmp_path: Path
) -> None:
    def notice(spec: str) -> str | None:
        folder = register_encoder(
            spec,
            tmp_path / "encoders",
            cache_folder=tmp_path / "cache",
            hub_endpoint=NO_HUB,
            bundled_folder=checkpoint_folder,
        )
        return load_manifest(folder).notice

    assert notice(str(checkpoint_folder)) is None
    assert notice("auto") is not None
    assert notice(str(checkpoint_folder)) is None


def test_auto_gives_a_hanging_hub_the_stated_time(
    checkpoint_folder: Path, local_hub: LocalHub, tmp_path: Path
) -> None:
    local_hub.hang_on = "config.json"
    folder = register_encoder(
        "auto",
        tmp_path / "encoders",
        hub_timeout_seconds=0.3,
        cache_folder=tmp_path / "cache",
        hub_endpoint=local_hub.endpoint,
        bundled_folder=checkpoint_folder,
    )
    assert "in 0.3 s" in str(load_manifest(folder).notice)


def test_auto_takes_msns_public_weights_from_the_hub_then_from_the_cache(
    checkpoint_folder: Path, local_hub: LocalHub, tmp_path: Path
) -> None:
    config = ViTMSNConfig(
        hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64
    )
    ViTMSNModel(config).save_pretrained(tmp_path / "published")
    local_hub.files = {
        f"facebook/vit-msn-small/{path.name}": path.read_bytes()
        for path in (tmp_path / "published").iterdir()
    }

    def register(endpoint: str) -> Path:
        return register_encoder(
            "auto",
            tmp_path / "encoders",
            cache_folder=tmp_path / "cache",
            hub_endpoint=endpoint,
            bundled_folder=checkpoint_folder,
        )

    folder = register(local_hub.endpoint)
    manifest = load_manifest(folder)
    assert manifest.encoder_id.startswith("vit-msn-small-")
    assert manifest.notice is None
    assert register(NO_HUB) == folder


def test_killed_in_the_middle_it_leaves_nothing_that_looks_registered(
    checkpoint_folder: Path, tmp_path: Path
) -> None:
    program = (
        "import sys, time; from pathlib import Path; from models import encoder; "
        "encoder.export_onnx = lambda *_: time.sleep(600); "  # it gets no further
        "encoder.register_encoder(sys.argv[1], Path(sys.argv[2]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, checkpoint_folder, tmp_path],
        cwd=Path(__file__).parents[2],
    )
    deadline = time.monotonic() + 240
    while not list(tmp_path.glob(".registering-*/*/manifest.json")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not list(tmp_path.glob("[!.]*"))
    folder = register_encoder(str(checkpoint_folder), tmp_path)
    assert OnnxEncoder(folder).manifest.encoder_id == folder.name


def test_old_leftovers_are_cleared_and_young_ones_kept(
    checkpoint_folder: Path, tmp_path: Path
) -> None:
    old, young = tmp_path / ".registering-old", tmp_path / ".registering-young"
    old.mkdir()
    young.mkdir()
    two_days_ago = time.time() - 2 * 24 * 3600
    os.utime(old, (two_days_ago, two_days_ago))
    register_encoder(str(checkpoint_folder), tmp_path)
    assert not old.exists()
    assert young.exists()


def test_a_folder_that_cannot_be_written_is_told(checkpoint_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "encoders").write_text("a file where the folder should be")
    with pytest.raises(EncoderError, match="cannot be written"):
        register_encoder(str(checkpoint_folder), tmp_path / "encoders")


def test_a_damaged_registered_encoder_is_refused(registered_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(registered_folder, tmp_path / "copy")
    (folder / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(EncoderError, match=r"model\.safetensors cannot be read"):
        TorchEncoder(folder, device="cpu")


@pytest.mark.parametrize("name", ["manifest.json", "model.safetensors", "model.onnx"])
def test_registering_again_repairs_a_damaged_folder(
    checkpoint_folder: Path, registered_folder: Path, tmp_path: Path, name: str
) -> None:
    folder = shutil.copytree(registered_folder, tmp_path / registered_folder.name)
    (folder / name).write_bytes(b"damaged")
    assert register_encoder(str(checkpoint_folder), tmp_path) == folder
    assert (folder / "manifest.json").read_bytes() == (
        registered_folder / "manifest.json"
    ).read_bytes()
    OnnxEncoder(folder)
    TorchEncoder(folder, device="cpu")


@pytest.fixture
def crops(registered_folder: Path, photos: Photos) -> np.ndarray:
    transform = load_manifest(registered_folder).transform
    return np.stack([evaluation_crop(photo, transform) for photo in photos])


def test_crops_give_the_features_of_their_images(
    registered_folder: Path, photos: Photos, crops: np.ndarray
) -> None:
    for encoder in (TorchEncoder(registered_folder, device="cpu"), OnnxEncoder(registered_folder)):
        expected = encoder.embed(photos, batch_size=len(photos))
        np.testing.assert_allclose(encoder.embed_crops(crops), expected, atol=1e-4)


def test_a_batch_that_does_not_fit_is_embedded_by_halves_from_then_on(
    registered_folder: Path, crops: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = TorchEncoder(registered_folder, device="cpu")
    expected = encoder.embed_crops(crops)
    real, room = TorchEncoder._embed_crops, 6

    def in_little_room(encoder: TorchEncoder, crops: np.ndarray) -> np.ndarray:
        if len(crops) > room:
            raise torch.OutOfMemoryError
        return real(encoder, crops)

    monkeypatch.setattr(TorchEncoder, "_embed_crops", in_little_room)
    np.testing.assert_allclose(encoder.embed_crops(crops), expected, atol=1e-4)
    assert encoder.batch_size <= room
    room = 0
    with pytest.raises(torch.OutOfMemoryError):
        encoder.embed_crops(crops)


def test_a_batch_is_as_large_as_memory_and_device_allow() -> None:
    small = VitConfig(image_size=224, patch_size=16, width=384, depth=12, heads=6)
    large = VitConfig(image_size=448, patch_size=14, width=1024, depth=24, heads=16)
    gigabyte = 2**30
    assert batch_within(80 * gigabyte, small) == 512
    assert batch_within(gigabyte, small) in (256, 512)
    assert batch_within(gigabyte, large) in (8, 16)
    assert batch_within(0, large) == 1


@pytest.mark.gpu
def test_the_batches_chosen_for_a_gpu_fit_it(registered_folder: Path, crops: np.ndarray) -> None:
    encoder = TorchEncoder(registered_folder)
    chosen = encoder.batch_size
    batch = np.resize(crops, (chosen, *crops.shape[1:]))
    features = encoder.embed_crops(batch)
    assert encoder.batch_size == chosen
    exact = OnnxEncoder(registered_folder).embed_crops(batch[:16])
    assert least_cosine(features[:16], exact) >= 0.999
