"""Checkpoints with exactly the keys of MSN's official ones."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from models.errors import EncoderError
from models.loaders import load_encoder
from models.loaders.msn import named_architecture
from models.vit import build_vit, cls_feature

NAME = "vit_tiny_patch16_32"


def projected_encoder(seed: int) -> dict[str, Tensor]:
    """An encoder with MSN's projection head, as DistributedDataParallel names it."""
    torch.manual_seed(seed)
    tensors: dict[str, Tensor] = build_vit(named_architecture(NAME)).state_dict()
    for layer, shape in {"fc1": (64, 192), "fc2": (64, 64), "fc3": (256, 64)}.items():
        tensors |= {f"fc.{layer}.weight": torch.randn(shape), f"fc.{layer}.bias": torch.zeros(64)}
    for layer in ("bn1", "bn2"):
        tensors |= {f"fc.{layer}.{part}": torch.ones(64) for part in ("weight", "running_mean")}
        tensors[f"fc.{layer}.num_batches_tracked"] = torch.tensor(9)
    return {f"module.{key}": tensor for key, tensor in tensors.items()}


@pytest.fixture(scope="module")
def official() -> dict[str, Any]:
    return {
        "encoder": projected_encoder(1),
        "target_encoder": projected_encoder(2),
        "prototypes": torch.randn(16, 256),
        "opt": {"state": {0: {"step": 3}}, "param_groups": [{"lr": 1e-3, "params": [0]}]},
        "epoch": 800,
        "loss": 2.5,
        "batch_size": 64,
        "world_size": 16,
        "lr": 1e-3,
    }


@pytest.fixture
def save(tmp_path: Path) -> Callable[[object], str]:
    def write(content: object) -> str:
        torch.save(content, tmp_path / "vits16_800ep.pth.tar")
        return f"msn:{NAME}={tmp_path / 'vits16_800ep.pth.tar'}"

    return write


def test_features_come_from_the_target_encoder(
    official: dict[str, Any], save: Callable[[object], str]
) -> None:
    manifest, tensors = load_encoder(save(official))
    vit = build_vit(manifest.architecture).eval()
    vit.load_state_dict(tensors)
    target = build_vit(manifest.architecture).eval()
    bare = {key.removeprefix("module."): t for key, t in official["target_encoder"].items()}
    target.load_state_dict({key: t for key, t in bare.items() if not key.startswith("fc.")})
    images = torch.randn(2, 3, 32, 32)
    with torch.inference_mode():
        torch.testing.assert_close(
            cls_feature(vit, images, "pre"), cls_feature(target, images, "pre"), rtol=0, atol=0
        )


def test_the_manifest_says_protocol_and_licence(
    official: dict[str, Any], save: Callable[[object], str]
) -> None:
    manifest, _ = load_encoder(save(official))
    assert manifest.licence == "CC BY-NC 4.0"
    assert manifest.feature.norm == "pre"
    assert manifest.encoder_id.startswith("msn-vit-tiny-patch16-32-")


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("vit_small_patch16_224", (224, 16, 384, 12, 6)),
        ("vit_base_patch4_224", (224, 4, 768, 12, 12)),
        ("vit_large_patch7_224", (224, 7, 1024, 24, 16)),
    ],
)
def test_architectures_are_those_of_the_paper(name: str, sizes: tuple[int, ...]) -> None:
    found = named_architecture(name)
    assert (found.image_size, found.patch_size, found.width, found.depth, found.heads) == sizes


@pytest.mark.parametrize("name", ["vit_huge_patch16_224", "resnet50", "vit_small_patch15_224"])
def test_unknown_architectures_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=name):
        load_encoder(f"msn:{name}={tmp_path / 'x.pth.tar'}")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda target: target.pop("module.cls_token"), "missing: cls_token"),
        (lambda target: target.update({"module.odd": torch.zeros(1)}), "unknown: odd"),
        (lambda target: target.update({"module.norm.bias": torch.zeros(3)}), "norm.bias is"),
        (lambda target: target.update({"module.norm.bias": 3}), "more than tensors: module.norm"),
    ],
)
def test_unexpected_tensors_are_named(
    official: dict[str, Any],
    save: Callable[[object], str],
    change: Callable[[dict[str, object]], object],
    fault: str,
) -> None:
    target = dict(official["target_encoder"])
    change(target)
    with pytest.raises(EncoderError, match=fault):
        load_encoder(save(official | {"target_encoder": target}))


@pytest.mark.parametrize("content", [{"encoder": {}, "epoch": 1}, [1, 2], torch.zeros(1)])
def test_other_torch_files_are_refused(save: Callable[[object], str], content: object) -> None:
    with pytest.raises(EncoderError, match="has no target_encoder"):
        load_encoder(save(content))


class Bomb:
    def __init__(self, fuse: Path) -> None:
        self.fuse = fuse

    def __reduce__(self) -> tuple[Callable[..., object], tuple[Path]]:
        return Path.touch, (self.fuse,)


def test_a_pickle_that_runs_code_is_refused_and_does_not_run(
    save: Callable[[object], str], tmp_path: Path
) -> None:
    spec = save({"target_encoder": Bomb(tmp_path / "exploded")})
    with pytest.raises(EncoderError, match=r"loading it would run code .*GLOBAL"):
        load_encoder(spec)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("keep", [0, 10, 5000, -100])
def test_a_truncated_file_is_refused(
    official: dict[str, Any], save: Callable[[object], str], keep: int
) -> None:
    spec = save(official)
    path = Path(spec.partition("=")[2])
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(EncoderError, match=r"vits16_800ep\.pth\.tar"):
        load_encoder(spec)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"nowhere\.pth\.tar is no file"):
        load_encoder(f"msn:{NAME}={tmp_path / 'nowhere.pth.tar'}")
