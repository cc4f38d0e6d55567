"""Encoders to export, and one pretraining run; tests only read them."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.checkpoints import expected_shapes, new_manifest, save_checkpoint
from models.loaders import BUNDLED_FOLDER
from models.manifest import Feature, Norm, VitConfig
from models.pretrain import pretrain
from models.transforms import EvaluationTransform
from tests.models.tiny_pretraining import TINY, coloured_images

SMALL = VitConfig(image_size=32, patch_size=8, width=48, depth=3, heads=4, mlp_ratio=2.5)


def write_encoder(folder: Path, norm: Norm, architecture: VitConfig = SMALL) -> Path:
    """An encoder of which no tensor is all zeros or ones: those would hide a mix-up."""
    torch.manual_seed(0)
    tensors = {
        name: 0.1 * torch.randn(shape) + ("norm" in name and name.endswith("weight"))
        for name, shape in expected_shapes(architecture).items()
    }
    size = architecture.image_size
    manifest = new_manifest(
        f"small-{norm}",
        tensors,
        source="random",
        licence="a licence of its own",
        architecture=architecture,
        transform=EvaluationTransform(
            resize=size + 4, crop=size, mean=(0.5, 0.4, 0.3), interpolation="bicubic"
        ),
        feature=Feature(norm=norm),
        training={"data": "none"},
        notice="Random.",
    )
    save_checkpoint(folder, manifest, tensors)
    return folder


@pytest.fixture(scope="session")
def encoders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of encoders whose feature is before and after the norm, and the bundled one."""
    folder = tmp_path_factory.mktemp("encoders")
    return {
        "pre": write_encoder(folder / "pre", "pre"),
        "post": write_encoder(folder / "post", "post"),
        "bundled": BUNDLED_FOLDER,
    }


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a pretraining of two epochs."""
    folder = tmp_path_factory.mktemp("run")
    images, _ = coloured_images()
    pretrain(replace(TINY, epochs=2), images, folder)
    return folder
