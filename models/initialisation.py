"""A structured start for short pretraining runs of small vision transformers.

Random weights spend the first epochs on learning that neighbouring patches belong together and
that frequencies differ. Both can be written down: patches are whitened by their own statistics,
positions begin as sines, and attention as it looks in trained networks (Trockman and Kolter,
"Mimetic Initialization of Self-Attention Layers", ICML 2023). No label is involved.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from timm.layers.attention import Attention
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor

from models.views import normalise_pixels

WHITENING_IMAGES = 4000
# Directions of little variance are mostly noise; this share of the mean variance damps them.
WHITENING_DAMPING = 0.01
TOKEN_SCALE = 0.5
# Noise and identity in query x key, and in value x projection (negative), from the article.
QUERY_KEY = (0.7, 0.7)
VALUE_PROJECTION = (0.4, -0.4)


@torch.no_grad()
def initialise(vit: VisionTransformer, images: NDArray[np.uint8]) -> None:
    """Give a new ViT whitened patches, sine positions and mimetic attention, in place.

    `images` (n, 3, H, W) are the pool it will be trained on, H and W at least a patch.
    """
    whiten_patches(vit, images[:: max(1, len(images) // WHITENING_IMAGES)])
    positions = vit.get_parameter("pos_embed")  # (1, 1 + N, width), of CLS first
    grid = round(math.sqrt(positions.shape[1] - 1))
    positions[0, 0] = 0
    positions[0, 1:] = TOKEN_SCALE * sine_positions(grid, vit.embed_dim)
    for module in vit.modules():
        if isinstance(module, Attention):
            mimic_attention(module.qkv.weight, module.proj.weight, module.num_heads)


def whiten_patches(vit: VisionTransformer, images: NDArray[np.uint8]) -> None:
    """Patch embedding = the patches' principal components, scaled to about equal variance."""
    layer = vit.patch_embed.proj
    size, width = layer.kernel_size[0], layer.out_channels
    pixels = normalise_pixels(
        torch.from_numpy(np.array(images)) / 255
    )  # np.array: may be read-only
    patches = torch.nn.functional.unfold(pixels, size, stride=size)  # (n, 3 x size^2, N)
    samples = patches.transpose(1, 2).flatten(0, 1).double()  # (n x N, 3 x size^2)
    mean = samples.mean(dim=0)
    variances, directions = torch.linalg.eigh(torch.cov(samples.T, correction=0))
    scales = (variances + WHITENING_DAMPING * variances.mean()).rsqrt()
    filters = TOKEN_SCALE * (directions * scales).T.flip(0)[:width]  # largest variance first
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


def mimic_attention(qkv: Tensor, projection: Tensor, heads: int) -> None:
    """Query x key near the identity in each head, value x projection near its negative.

    qkv (3 x width, width) and projection (width, width) are overwritten.
    """
    width = projection.shape[0]
    size = width // heads
    query, key, value = qkv.view(3, width, width)
    for head in range(heads):
        rows = slice(head * size, (head + 1) * size)
        left, right = _factors(width, *QUERY_KEY)
        query[rows], key[rows] = left.T[:size], right[:size]
    left, right = _factors(width, *VALUE_PROJECTION)
    value.copy_(right)
    projection.copy_(left)


def _factors(width: int, noise: float, identity: float) -> tuple[Tensor, Tensor]:
    """left @ right = noise x a random matrix + identity x I, halves of its singular values."""
    matrix = noise * torch.randn(width, width) / math.sqrt(width) + identity * torch.eye(width)
    left, values, right = torch.linalg.svd(matrix)
    return left * values.sqrt(), values.sqrt().unsqueeze(1) * right
