from pathlib import Path

import pytest
import torch

from models.checkpoints import load_checkpoint
from models.errors import EncoderError
from models.onnx_encoder import OnnxEncoder
from models.onnx_export import LEAST_COSINE, check_agreement
from models.vit import VisionTransformer, build_vit


@pytest.fixture
def vit(registered_folder: Path) -> VisionTransformer:
    manifest, tensors = load_checkpoint(registered_folder)
    vit = build_vit(manifest.architecture).eval()
    vit.load_state_dict(tensors)
    return vit


def test_an_export_agrees_with_torch(vit: VisionTransformer, registered_folder: Path) -> None:
    assert check_agreement(vit, OnnxEncoder(registered_folder)) > 1 - 1e-5 > LEAST_COSINE


@pytest.mark.parametrize("damage", [0.3, float("nan")])
def test_an_export_that_disagrees_is_refused(
    vit: VisionTransformer, registered_folder: Path, damage: float
) -> None:
    with torch.no_grad():
        vit.blocks[1].mlp.fc2.weight[:4] += damage
    with pytest.raises(EncoderError, match="disagrees with torch"):
        check_agreement(vit, OnnxEncoder(registered_folder))
