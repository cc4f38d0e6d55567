"""Export of an encoder to ONNX, and the proof that both numeric paths agree."""

from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_sample_images
from timm.models.vision_transformer import Block
from torch import Tensor, nn

from models.errors import EncoderError
from models.manifest import Manifest, Norm
from models.onnx_encoder import OnnxEncoder
from models.transforms import EvaluationTransform, evaluation_batch
from models.vit import VisionTransformer, block_tokens, cls_feature, embed_tokens, last_cls

# What DESIGN calls agreement, per image and after removing what all components share.
LEAST_COSINE = 0.9995


def export_onnx(vit: VisionTransformer, manifest: Manifest, path: Path) -> None:
    """Write the encoder as float32 ONNX: images (n, 3, crop, crop) -> features (n, dimension)."""
    crop = manifest.transform.crop
    torch.onnx.export(
        _Feature(vit, manifest.feature.norm).eval(),
        (torch.zeros(2, 3, crop, crop),),
        path,
        input_names=["images"],
        output_names=["features"],
        dynamic_shapes={"images": {0: torch.export.Dim("n")}},
        opset_version=20,
        external_data=False,
        optimize=False,  # takes as long as the export; ONNX Runtime does it when it loads
        dynamo=True,
        verbose=False,
    )


def check_agreement(vit: VisionTransformer, exported: OnnxEncoder) -> float:
    """Least cosine between torch and ONNX features over random and real images.

    Raises EncoderError if it is below LEAST_COSINE for any image.
    """
    manifest = exported.manifest
    pixels = _probe_pixels(manifest.transform)
    with torch.inference_mode():
        expected = cls_feature(vit, torch.from_numpy(pixels), manifest.feature.norm).numpy()
    # Two batch sizes, because an export can silently keep the one it was traced with.
    found = np.concatenate([exported.embed_pixels(part) for part in (pixels[:1], pixels[1:])])
    least = float(_cosines(expected, found).min())
    if not least >= LEAST_COSINE:  # NaN fails too
        raise EncoderError(
            f"the ONNX export of {manifest.name} disagrees with torch: least cosine {least:.6f}, "
            f"needed {LEAST_COSINE}. Its weights may hold infinite or damaged values."
        )
    return least


class _Feature(nn.Module):
    """As `cls_feature`, in operations that ONNX Runtime takes less time for than for timm's."""

    def __init__(self, vit: VisionTransformer, norm: Norm) -> None:
        super().__init__()
        self.vit = vit
        self.norm: Norm = norm

    def forward(self, images: Tensor) -> Tensor:
        tokens = embed_tokens(self.vit, images)
        for block in self.vit.blocks[:-1]:
            tokens = block_tokens(cast(Block, block), tokens)
        return last_cls(self.vit, tokens, self.norm)


def _probe_pixels(transform: EvaluationTransform) -> NDArray[np.float32]:
    noise = np.random.default_rng(0).standard_normal((4, 3, transform.crop, transform.crop))
    photos = [Image.fromarray(photo) for photo in load_sample_images().images]
    views = [view for photo in photos for view in (photo, photo.crop((100, 50, 300, 250)))]
    return np.concatenate([noise.astype(np.float32), evaluation_batch(views, transform)])


def _cosines(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cosine of each pair of rows (n, d), after subtracting each row's mean: (n,)."""
    first = first - first.mean(axis=1, keepdims=True)
    second = second - second.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    cosines: NDArray[np.float32] = (first * second).sum(axis=1) / norms
    return cosines
