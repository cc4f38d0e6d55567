"""An encoder as the start of a pretraining run."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.errors import EncoderError
from models.loaders import load_encoder, load_vit_for
from models.vit import build_vit, cls_feature
from tests.random_encoders import TINY


def test_a_run_starts_with_the_encoders_features(checkpoint_folder: Path) -> None:
    manifest, tensors = load_encoder(str(checkpoint_folder))
    expected, started = build_vit(manifest.architecture), build_vit(TINY)
    expected.load_state_dict(tensors)
    started.load_state_dict(load_vit_for(TINY, str(checkpoint_folder)))
    images = torch.randn(2, 3, 32, 32)
    found = cls_feature(started.eval(), images, "pre")
    torch.testing.assert_close(found, cls_feature(expected.eval(), images, "pre"), rtol=0, atol=0)


def test_positions_are_interpolated_to_the_recipes_image_size(checkpoint_folder: Path) -> None:
    larger = replace(TINY, image_size=48)
    _, expected = load_encoder(str(checkpoint_folder), image_size=48)
    started = build_vit(larger)
    started.load_state_dict(load_vit_for(larger, str(checkpoint_folder)))
    assert torch.equal(started.state_dict()["pos_embed"], expected["pos_embed"])


@pytest.mark.parametrize(
    ("change", "theirs", "wanted"),
    [
        ({"patch_size": 16}, "patch size 8", "patch size 16"),
        ({"width": 64}, "width 32", "width 64"),
        ({"depth": 3}, "depth 2", "depth 3"),
        ({"heads": 4}, "heads 2", "heads 4"),
        ({"mlp_ratio": 2.5}, "MLP ratio 4", "MLP ratio 2.5"),
    ],
)
def test_another_architecture_is_refused_with_both_sides(
    checkpoint_folder: Path, change: dict[str, float], theirs: str, wanted: str
) -> None:
    with pytest.raises(EncoderError, match=rf"is a ViT of .*{theirs}.*trains one of .*{wanted}"):
        load_vit_for(replace(TINY, **change), str(checkpoint_folder))  # type: ignore[arg-type]


def test_what_names_no_encoder_is_refused() -> None:
    with pytest.raises(EncoderError, match="names no encoder"):
        load_vit_for(TINY, "nowhere")
