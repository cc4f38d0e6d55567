"""The Hugging Face folder, as transformers reads it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from transformers import AutoImageProcessor, ViTMSNModel

from models.exporting import export_encoder
from models.loaders import load_encoder
from models.manifest import Norm
from models.transforms import evaluation_pixels
from models.vit import build_vit, cls_feature


@pytest.mark.parametrize(("encoder", "sizes"), [("pre", (32, 48, 24)), ("bundled", (64, 96))])
@torch.inference_mode()
def test_transformers_gives_the_same_features(
    encoders: dict[str, Path], encoder: str, sizes: tuple[int, ...], tmp_path: Path
) -> None:
    export_encoder(str(encoders[encoder]), "hf", tmp_path)
    loaded: Any = ViTMSNModel.from_pretrained(tmp_path, output_loading_info=True)
    theirs, info = loaded
    assert not any(info.values()), info
    manifest, tensors = load_encoder(str(encoders[encoder]))
    ours = build_vit(manifest.architecture).eval()
    ours.load_state_dict(tensors)
    for size in sizes:
        images = torch.randn(2, 3, size, size)
        found = theirs.eval()(images, output_hidden_states=True, interpolate_pos_encoding=True)
        by_norm: dict[Norm, Tensor] = {
            "pre": found.hidden_states[-1][:, 0],
            "post": found.last_hidden_state[:, 0],
        }
        for norm, feature in by_norm.items():
            torch.testing.assert_close(feature, cls_feature(ours, images, norm), rtol=0, atol=1e-4)


def test_the_image_processor_makes_the_same_pixels(
    encoders: dict[str, Path], photos: list[Image.Image], tmp_path: Path
) -> None:
    export_encoder(str(encoders["pre"]), "hf", tmp_path)
    process = AutoImageProcessor.from_pretrained(tmp_path)
    transform = load_encoder(str(encoders["pre"]))[0].transform
    already_sized = photos[0].resize((36, 36))
    for image, tolerance in ((already_sized, 1e-5), (photos[0], 0.1)):
        found = process(images=[image], return_tensors="np")["pixel_values"][0]
        np.testing.assert_allclose(found, evaluation_pixels(image, transform), atol=tolerance)
