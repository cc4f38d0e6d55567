"""The folder of a pretraining run as a spec."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from models.checkpoints import save_checkpoint
from models.errors import EncoderError
from models.exporting import export_encoder
from models.loaders import load_encoder, load_vit_for
from models.msn import MaskedSiameseNetwork
from models.vit import build_vit
from tests.models.tiny_pretraining import TINY


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    network = MaskedSiameseNetwork(TINY.vit, prototypes=8, hidden=32, dim=16, queue=TINY.queue)
    torch.nn.init.ones_(network.target_encoder.vit.get_parameter("cls_token"))
    checkpoint = {
        "recipe": TINY.to_dict(),
        "images": 64,
        "step": 9,
        "network": network.state_dict(),
        "optimizer": {},
    }
    torch.save(checkpoint, tmp_path / "pretraining.pt")
    return tmp_path


def test_a_run_is_its_target_encoder(folder: Path) -> None:
    manifest, tensors = load_encoder(str(folder))
    assert manifest.architecture == TINY.vit
    assert manifest.feature.norm == "pre"
    assert manifest.training["epoch"] == 2
    assert bool((tensors["cls_token"] == 1).all())


def test_a_share_of_the_runs_start_is_in_its_encoder(tmp_path: Path) -> None:
    network = MaskedSiameseNetwork(TINY.vit, prototypes=8, hidden=32, dim=16, start_share=0.25)
    network.begin_with(build_vit(TINY.vit))
    torch.nn.init.ones_(network.target_encoder.vit.get_parameter("cls_token"))
    checkpoint = {"recipe": TINY.to_dict(), "step": 9, "network": network.state_dict()}
    torch.save(checkpoint | {"optimizer": {}}, tmp_path / "pretraining.pt")
    _, tensors = load_encoder(str(tmp_path))
    torch.testing.assert_close(tensors, dict(network.learned().state_dict()))


def test_a_run_can_start_another(folder: Path) -> None:
    assert bool((load_vit_for(TINY.vit, str(folder))["cls_token"] == 1).all())


def test_an_encoder_beside_a_checkpoint_is_the_encoder(
    folder: Path, make_encoder: Callable[..., Any]
) -> None:
    save_checkpoint(folder, *make_encoder())
    assert load_encoder(str(folder))[0].name == "tiny"
    exported = export_encoder(str(folder), "msn", folder / "x.pth.tar")
    assert "prototypes" not in torch.load(exported.path, weights_only=True)


def test_a_finished_runs_own_encoder_is_named_by_its_folder(folder: Path) -> None:
    with pytest.raises(EncoderError, match="names no encoder"):
        load_encoder(str(folder / "encoder"))


ODD = {"network": {}, "recipe": {"batch": 2, "vit": {"depth": 0}}, "optimizer": {}, "step": 1}


@pytest.mark.parametrize(
    "content", [{"epoch": 3}, {"network": {}, "recipe": {}}, ODD, [1], torch.ones(3)]
)
def test_another_file_of_that_name_is_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "pretraining.pt")
    with pytest.raises(EncoderError, match="is no checkpoint of a pretraining run"):
        load_encoder(str(tmp_path))


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pretraining.pt").write_bytes(b"damaged")
    with pytest.raises(EncoderError, match=r"pretraining\.pt"):
        load_encoder(str(tmp_path))
