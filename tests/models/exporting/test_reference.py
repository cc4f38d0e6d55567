"""The .pth.tar, by the names that the paper's code looks for."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from models.exporting import export_encoder
from models.loaders import load_encoder
from models.manifest import VitConfig
from models.msn import MaskedSiameseNetwork
from models.vit import build_vit
from tests.models.exporting.conftest import write_encoder
from tests.models.tiny_pretraining import TINY

NAMED = VitConfig(image_size=32, patch_size=16, width=192, depth=12, heads=3)


def export(spec: Path, folder: Path) -> dict[str, Any]:
    path = export_encoder(str(spec), "msn", folder / "x.pth.tar").path
    content: dict[str, Any] = torch.load(path, weights_only=True)
    return content


def paper_encoder() -> nn.Module:
    """A ViT whose projection head is called as in the paper's code, wrapped as DDP does."""
    encoder = build_vit(TINY.vit)
    hidden, dim = TINY.projection_hidden, TINY.projection_dim
    encoder.fc = nn.Sequential()
    for name, layer in {
        "fc1": nn.Linear(TINY.vit.width, hidden),
        "bn1": nn.BatchNorm1d(hidden),
        "gelu1": nn.GELU(),
        "fc2": nn.Linear(hidden, hidden),
        "bn2": nn.BatchNorm1d(hidden),
        "gelu2": nn.GELU(),
        "fc3": nn.Linear(hidden, dim),
    }.items():
        encoder.fc.add_module(name, layer)
    wrapped = nn.Module()
    wrapped.module = encoder
    return wrapped


def test_an_encoder_alone_is_the_target_encoder(encoders: dict[str, Path], tmp_path: Path) -> None:
    checkpoint = export(encoders["pre"], tmp_path)
    assert checkpoint.keys() == {"target_encoder", "epoch", "handful"}
    _, tensors = load_encoder(str(encoders["pre"]))
    assert checkpoint["target_encoder"].keys() == {f"module.{name}" for name in tensors}


@pytest.mark.parametrize("side", ["encoder", "target_encoder"])
def test_a_runs_encoders_load_strictly_with_their_heads(
    run_folder: Path, tmp_path: Path, side: str
) -> None:
    checkpoint = export(run_folder, tmp_path)
    theirs = paper_encoder().eval()
    theirs.load_state_dict(checkpoint[side])
    run = torch.load(run_folder / "pretraining.pt", weights_only=True)
    network = MaskedSiameseNetwork(
        TINY.vit, prototypes=8, hidden=32, dim=16, queue=TINY.queue, start_share=TINY.start_share
    ).eval()
    network.load_state_dict(run["network"])
    network.target_encoder.vit = network.learned()
    images = torch.randn(3, 3, 16, 16)
    with torch.inference_mode():
        projected = theirs.module.fc(theirs.module(images))
        expected = getattr(network, side)(images)
    torch.testing.assert_close(projected, expected)
    assert torch.equal(checkpoint["prototypes"], run["network"]["prototypes"])


def test_a_runs_optimiser_goes_on_in_the_papers_groups(run_folder: Path, tmp_path: Path) -> None:
    checkpoint = export(run_folder, tmp_path)
    encoder, prototypes = paper_encoder(), nn.Parameter(torch.zeros(8, 16))
    named = list(encoder.named_parameters())
    flat = [p for name, p in named if "bias" in name or "bn" in name or p.ndim == 1]
    matrices = [p for _, p in named if not any(p is other for other in flat)]
    groups: list[dict[str, Any]] = [
        {"params": matrices},
        {"params": flat, "WD_exclude": True},
        {"params": [prototypes], "WD_exclude": True},
    ]
    optimizer = torch.optim.AdamW(groups)
    optimizer.load_state_dict(checkpoint["opt"])
    assert all(state["exp_avg"].shape == p.shape for p, state in optimizer.state.items())
    assert len(optimizer.state) == len(named) + 1
    assert [group.get("WD_exclude", False) for group in optimizer.param_groups] == [0, 1, 1]


def test_a_run_tells_how_far_and_how_it_was_trained(run_folder: Path, tmp_path: Path) -> None:
    checkpoint = export(run_folder, tmp_path)
    settings = {"epoch": 2, "batch_size": 16, "world_size": 1, "lr": 5e-3, "temperature": 0.1}
    assert checkpoint | settings == checkpoint


def test_a_run_comes_back_as_its_target_encoder(run_folder: Path, tmp_path: Path) -> None:
    export(run_folder, tmp_path)
    manifest, tensors = load_encoder(f"msn:{tmp_path / 'x.pth.tar'}")
    expected, expected_tensors = load_encoder(str(run_folder))
    assert manifest == expected
    assert all(torch.equal(tensors[name], expected_tensors[name]) for name in expected_tensors)


def test_an_architecture_of_the_paper_loads_by_its_name(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "encoder", "post", NAMED)
    path = export_encoder(str(folder), "msn", tmp_path / "x.pth.tar").path
    manifest, _ = load_encoder(f"msn:vit_tiny_patch16_32={path}")
    assert manifest == load_encoder(str(folder))[0]  # with its own feature and licence


def test_the_note_builds_what_the_paper_does_not_name(
    encoders: dict[str, Path], tmp_path: Path
) -> None:
    notes = export_encoder(str(encoders["bundled"]), "msn", tmp_path / "x.pth.tar").notes
    assert "img_size=[64], patch_size=8, embed_dim=192, depth=4, num_heads=6" in notes[0]
    assert "at random without an error" in notes[1]
