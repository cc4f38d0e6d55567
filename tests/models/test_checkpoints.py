from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from models.checkpoints import encoder_id, load_checkpoint, save_checkpoint
from models.errors import EncoderError
from models.manifest import Feature, Manifest

Encoder = tuple[Manifest, dict[str, Tensor]]
MakeEncoder = Callable[..., Encoder]


def test_what_is_saved_is_loaded(make_encoder: MakeEncoder, tmp_path: Path) -> None:
    manifest, tensors = make_encoder()
    save_checkpoint(tmp_path, manifest, tensors)
    found, loaded = load_checkpoint(tmp_path)
    assert found == manifest
    torch.testing.assert_close(loaded, dict(tensors), rtol=0, atol=0)


def test_half_precision_halves_the_file_and_keeps_the_id(
    make_encoder: MakeEncoder, tmp_path: Path
) -> None:
    manifest, tensors = make_encoder()
    rounded = {key: tensor.half() for key, tensor in tensors.items()}
    save_checkpoint(tmp_path, manifest, rounded)
    _, loaded = load_checkpoint(tmp_path)
    assert {tensor.dtype for tensor in loaded.values()} == {torch.float32}
    parts = (manifest.architecture, manifest.transform, manifest.feature)
    assert encoder_id("x", loaded, *parts) == encoder_id("x", rounded, *parts)
    size = (tmp_path / "model.safetensors").stat().st_size
    assert size < 2.2 * sum(tensor.numel() for tensor in tensors.values())


def test_the_id_is_readable_and_tells_everything_apart_that_changes_a_feature(
    make_encoder: MakeEncoder,
) -> None:
    manifest, tensors = make_encoder()
    parts = (manifest.architecture, manifest.transform, manifest.feature)
    nudged = tensors | {"cls_token": tensors["cls_token"] + 1e-3}
    ids = [
        encoder_id("ViT tiny/16", tensors, *parts),
        encoder_id("ViT tiny/16", nudged, *parts),
        encoder_id("ViT tiny/16", tensors, replace(parts[0], heads=4), *parts[1:]),
        encoder_id(
            "ViT tiny/16", tensors, parts[0], parts[1].model_copy(update={"resize": 40}), parts[2]
        ),
        encoder_id("ViT tiny/16", tensors, *parts[:2], Feature(norm="post")),
    ]
    assert len(set(ids)) == len(ids)
    assert all(found.startswith("vit-tiny-16-") for found in ids)
    assert encoder_id("ViT tiny/16", dict(reversed(tensors.items())), *parts) == ids[0]


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        (lambda tensors: tensors.pop("norm.bias"), "missing: norm.bias"),
        (lambda tensors: tensors.update(extra=torch.zeros(1)), "unknown: extra"),
        (
            lambda tensors: tensors.update(cls_token=torch.zeros(1, 1, 8)),
            r"misshapen: cls_token is \(1, 1, 8\) instead of \(1, 1, 32\)",
        ),
    ],
)
def test_tensors_that_do_not_fit_are_named_and_nothing_is_written(
    make_encoder: MakeEncoder,
    tmp_path: Path,
    change: Callable[[dict[str, Tensor]], object],
    faults: str,
) -> None:
    manifest, tensors = make_encoder()
    tensors = dict(tensors)
    change(tensors)
    with pytest.raises(EncoderError, match=faults):
        save_checkpoint(tmp_path / "new", manifest, tensors)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("keep", [0, 7, 1000])
def test_a_truncated_weight_file_is_refused(
    make_encoder: MakeEncoder, tmp_path: Path, keep: int
) -> None:
    save_checkpoint(tmp_path, *make_encoder())
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:keep])
    with pytest.raises(EncoderError, match=r"model\.safetensors cannot be read as safetensors"):
        load_checkpoint(tmp_path)


def test_a_missing_weight_file_is_named(make_encoder: MakeEncoder, tmp_path: Path) -> None:
    save_checkpoint(tmp_path, *make_encoder())
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(EncoderError, match=r"model\.safetensors"):
        load_checkpoint(tmp_path)
