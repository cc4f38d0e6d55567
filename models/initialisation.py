"""A structured start for short pretraining runs of small vision transformers.

Random weights spend many epochs on finding that neighbouring patches belong together, that
frequencies differ and that the CLS token should look at the patches. All of it can be written down
without a label: patches are whitened by their own statistics, the first block adds the magnitude
of each component (how strong an edge is, wherever its phase), and attention begins as averaging,
in the first block over like tokens (after Trockman and Kolter, "Mimetic Initialization of
Self-Attention Layers", ICML 2023). CLS then begins as the mean of filter responses and energies.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor

from models.views import normalise_pixels

WHITENING_IMAGES = 2000
# Directions of little variance are mostly noise; this share of the mean variance damps them.
WHITENING_DAMPING = 0.1
# A pool of flat images has none at all.
LEAST_VARIANCE = 1e-6
PATCH_SCALE = 0.5
POSITION_SCALE = 0.25
# Identity and noise in query x key of the first block, from the article.
LIKENESS, LIKENESS_NOISE = 0.7, 0.7
# Deviation of the weights that carry no structure, as in any ViT.
NOISE = 0.02
# GELU(2x) + GELU(-2x) is close enough to 2|x|.
RECTIFIER_GAIN = 2.0


@torch.no_grad()
def initialise(vit: VisionTransformer, images: NDArray[np.uint8], heads: int) -> None:
    """Give a new ViT whitened patches, sine positions, averaging attention and rectified energies.

    `images` (n, 3, H, W) are the pool it will be trained on, H and W at least a patch. The MLP
    must be at least twice as wide as the tokens.
    """
    whiten_patches(vit, images[:: max(1, len(images) // WHITENING_IMAGES)])
    positions = vit.get_parameter("pos_embed")  # (1, 1 + N, width), of CLS first
    grid = round(math.sqrt(positions.shape[1] - 1))
    positions[0, 0] = 0
    positions[0, 1:] = POSITION_SCALE * sine_positions(grid, vit.embed_dim)
    for block, _ in enumerate(vit.blocks):
        average_tokens(_weight(vit, block, "attn.qkv"), _weight(vit, block, "attn.proj"))
    attend_to_likeness(_weight(vit, 0, "attn.qkv"), heads)
    add_magnitudes(_weight(vit, 0, "mlp.fc1"), _weight(vit, 0, "mlp.fc2"))


def whiten_patches(vit: VisionTransformer, images: NDArray[np.uint8]) -> None:
    """Patch embedding = the patches' principal components, scaled to about equal variance."""
    layer = vit.patch_embed.proj
    size, width = layer.kernel_size[0], layer.out_channels
    pixels = normalise_pixels(torch.from_numpy(np.array(images)) / 255)  # may be read-only
    patches = torch.nn.functional.unfold(pixels, size, stride=size)  # (n, 3 x size^2, N)
    samples = patches.transpose(1, 2).flatten(0, 1).double()  # (n x N, 3 x size^2)
    mean = samples.mean(dim=0)
    variances, directions = torch.linalg.eigh(torch.cov(samples.T, correction=0))
    damped = variances + WHITENING_DAMPING * variances.mean()
    scales = damped.clamp_min(LEAST_VARIANCE).rsqrt()
    filters = PATCH_SCALE * (directions * scales).T.flip(0)[:width]  # largest variance first
    rows = len(filters)
    layer.weight[:rows] = filters.view(rows, 3, size, size).to(layer.weight)
    layer.bias[:rows] = -(filters @ mean).to(layer.bias)


def sine_positions(grid: int, width: int) -> Tensor:
    """Sines and cosines of row and column, (grid x grid, width); `width` is a multiple of 4."""
    frequencies = 100.0 ** -(torch.arange(width // 4) / (width / 4))
    angles = torch.outer(torch.arange(grid).float(), frequencies)  # (grid, width / 4)
    line = torch.cat([angles.sin(), angles.cos()], dim=1)  # (grid, width / 2)
    rows = line[:, None].expand(grid, grid, -1)
    columns = line[None].expand(grid, grid, -1)
    return torch.cat([rows, columns], dim=2).flatten(0, 1)


def average_tokens(qkv: Tensor, projection: Tensor) -> None:
    """Attention that adds the mean of all tokens: no preference, and value x projection = I.

    qkv (3 x width, width) and projection (width, width) are overwritten.
    """
    width = projection.shape[0]
    rotation = random_rotation(width)
    qkv[: 2 * width] = NOISE * torch.randn(2 * width, width)
    qkv[2 * width :] = rotation
    projection.copy_(rotation.T)


def attend_to_likeness(qkv: Tensor, heads: int) -> None:
    """Queries and keys (in qkv) whose product is near the identity, as far as a head can."""
    width = qkv.shape[1]
    size = width // heads
    query, key, _ = qkv.view(3, width, width)
    for head in range(heads):
        noise = LIKENESS_NOISE * torch.randn(width, width) / math.sqrt(width)
        left, values, right = torch.linalg.svd(noise + LIKENESS * torch.eye(width))
        rows = slice(head * size, (head + 1) * size)
        query[rows] = (left * values.sqrt()).T[:size]
        key[rows] = (values.sqrt().unsqueeze(1) * right)[:size]


def add_magnitudes(expand: Tensor, contract: Tensor) -> None:
    """An MLP that adds R|x| to x, R a random rotation that keeps both apart.

    expand (hidden, width) and contract (width, hidden) are overwritten.
    """
    hidden, width = expand.shape
    rotation = random_rotation(width) / RECTIFIER_GAIN
    gain = RECTIFIER_GAIN * torch.eye(width)
    expand.copy_(NOISE * torch.randn(hidden, width))
    contract.copy_(NOISE * torch.randn(width, hidden))
    expand[: 2 * width] += torch.cat([gain, -gain])
    contract[:, : 2 * width] += torch.cat([rotation, rotation], dim=1)


def random_rotation(width: int) -> Tensor:
    """An orthogonal matrix (width, width)."""
    rotation: Tensor = torch.linalg.qr(torch.randn(width, width)).Q
    return rotation


def _weight(vit: VisionTransformer, block: int, layer: str) -> Tensor:
    return vit.get_parameter(f"blocks.{block}.{layer}.weight")
