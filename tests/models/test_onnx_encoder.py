import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.errors import EncoderError
from models.onnx_encoder import OnnxEncoder, _largest_batch

Photos = list[Image.Image]


def test_imports_no_torch() -> None:
    check = "import sys, models.onnx_encoder; assert not {'torch', 'timm'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True, cwd=Path(__file__).parents[2])


def test_each_image_has_the_same_feature_in_any_batch(
    registered_folder: Path, photos: Photos
) -> None:
    encoder = OnnxEncoder(registered_folder, threads=1)
    together = encoder.embed(photos)
    assert together.shape == (len(photos), encoder.manifest.dimension)
    assert together.dtype == np.float32
    np.testing.assert_allclose(encoder.embed(photos, batch_size=3), together, atol=1e-5)
    np.testing.assert_allclose(encoder.embed(photos[4:5])[0], together[4], atol=1e-5)


def test_batches_shrink_with_the_square_of_the_tokens(registered_folder: Path) -> None:
    architecture = OnnxEncoder(registered_folder).manifest.architecture
    small = replace(architecture, image_size=224, patch_size=16, width=384, heads=6)
    base_4 = replace(architecture, image_size=224, patch_size=4, width=768, heads=12)
    assert _largest_batch(small) > 64  # 0.9 MB of attention an image
    assert _largest_batch(base_4) == 1  # 472 MB of attention an image


def test_no_images_have_no_features(registered_folder: Path) -> None:
    assert OnnxEncoder(registered_folder).embed([]).shape == (0, 32)


def test_one_encoder_serves_many_threads(registered_folder: Path, photos: Photos) -> None:
    encoder = OnnxEncoder(registered_folder, threads=1)
    expected = encoder.embed(photos)
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(encoder.embed, [photos] * 16):
            np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_damaged_model_is_refused(registered_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(registered_folder, tmp_path / "copy")
    model = folder / "model.onnx"
    whole = model.read_bytes()
    for content in (b"", b"not a model", whole[: len(whole) // 2]):
        model.write_bytes(content)
        with pytest.raises(EncoderError, match=r"model\.onnx cannot be loaded"):
            OnnxEncoder(folder)
    model.unlink()
    with pytest.raises(EncoderError, match=r"model\.onnx is missing"):
        OnnxEncoder(folder)


def test_a_model_of_another_encoder_is_refused(registered_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(registered_folder, tmp_path / "copy")
    manifest = folder / "manifest.json"
    text = manifest.read_text().replace('"crop": 32', '"crop": 24')
    manifest.write_text(text.replace('"image_size": 32', '"image_size": 24'))
    with pytest.raises(EncoderError, match="not what its manifest says"):
        OnnxEncoder(folder)
