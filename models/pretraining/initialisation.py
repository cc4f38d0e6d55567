"""A structured start for short pretraining runs of small vision transformers.

Random weights spend many epochs on finding what can be written down without a label. Patches are
whitened by the pool's own statistics; the first block adds the magnitude of each component (how
strong an edge is, wherever its phase); in the blocks behind it each attention head of CLS looks at
one region of the image. CLS then begins as a sketch of which patterns stand where, and training
goes on from there. Coates and Ng ("Learning Feature Representations with K-means", 2012) show how
far whitened patches, rectified and pooled by region, go on their own; Trockman and Kolter ("Mimetic
Initialization of Self-Attention Layers", ICML 2023) that attention gains from a start with a shape.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor

from models.pretraining.views import normalise_pixels
from models.vit import embed_tokens

SAMPLE_IMAGES = 2000
# Directions of little variance are mostly noise; this share of the mean variance damps them.
WHITENING_DAMPING = 0.1
# A pool of flat images has none at all.
LEAST_VARIANCE = 1e-6
# Deviation of the weights that carry no structure: enough to learn from, too little to blur it.
NOISE = 0.001
# What marks a token: its region, that it is a patch, that it is CLS. The mark that all patches
# share is large, so that LayerNorm leaves the contrasts between them nearly as they are.
REGION_MARK, PATCH_MARK, CLS_MARK = 6.0, 24.0, 20.0
# Attention to a region's patches beside all others, in logits.
REGION_LOGIT = 8.0
# How much of the coarsest components goes with the magnitudes, and how large CLS's sketch is.
COARSE_COMPONENTS, COARSE_SHARE, SKETCH_SCALE = 16, 0.3, 3.0


@dataclass(frozen=True)
class Channels:
    """What the channels of a token hold at the start.

    `cls` marks the CLS token; `balance` keeps a token's mean, which LayerNorm removes, at zero.
    """

    components: slice
    magnitudes: slice
    regions: slice
    patch: int
    cls: int
    balance: int


@torch.no_grad()
def initialise(vit: VisionTransformer, images: NDArray[np.uint8], heads: int) -> None:
    """Give a new ViT whitened patches, their magnitudes, and a CLS that looks region by region.

    `images` (n, 3, H, W) are the pool it will be trained on, H and W at least a patch. The MLP
    must be at least twice as wide as the tokens.
    """
    sample = images[:: max(1, len(images) // SAMPLE_IMAGES)]
    pixels = normalise_pixels(torch.from_numpy(np.array(sample)) / 255)  # may be read-only
    grid = regions_a_side(heads * (len(vit.blocks) - 1))
    channels = divide(vit, grid)
    quieten(vit)
    whiten_patches(vit, pixels, channels)
    mark_tokens(vit, grid, channels)
    add_magnitudes(vit, pixels, channels)
    look_at_regions(vit, pixels, grid, channels, heads)
    centre(vit, pixels)


def regions_a_side(heads: int) -> int:
    """Rows and columns of regions, 1, 2 or 4: so many that each finds a head."""
    return next(side for side in (4, 2, 1) if side * side <= max(1, heads))


def divide(vit: VisionTransformer, grid: int) -> Channels:
    """The channels' division: equally many components and magnitudes, and the marks."""
    values = vit.get_parameter("patch_embed.proj.weight")[0].numel()
    each = min(values, (vit.embed_dim - grid**2 - 3) // 2)
    marks = 2 * each + grid**2
    regions = slice(2 * each, marks)
    return Channels(slice(each), slice(each, 2 * each), regions, marks, marks + 1, marks + 2)


def quieten(vit: VisionTransformer) -> None:
    """Little noise in all weights and none in the biases; norms stay as they are."""
    for name, parameter in vit.named_parameters():
        if "norm" not in name:
            torch.nn.init.normal_(parameter, std=NOISE * (not name.endswith("bias")))


def whiten_patches(vit: VisionTransformer, pixels: Tensor, channels: Channels) -> None:
    """Patch embedding = the patches' principal components, scaled to about unit variance."""
    weight, bias = _layer(vit, "patch_embed.proj")  # (width, 3, size, size), (width,)
    size = weight.shape[-1]
    patches = torch.nn.functional.unfold(pixels, size, stride=size)  # (n, 3 x size^2, N)
    samples = patches.transpose(1, 2).flatten(0, 1).double()  # (n x N, 3 x size^2)
    mean = samples.mean(dim=0)
    variances, directions = torch.linalg.eigh(torch.cov(samples.T, correction=0))
    damped = variances + WHITENING_DAMPING * variances.mean() + LEAST_VARIANCE
    filters = (directions * damped.rsqrt()).T.flip(0)[channels.components]  # largest first
    weight[channels.components] = filters.view(-1, 3, size, size).to(weight)
    bias[channels.components] = -(filters @ mean).to(bias)


def mark_tokens(vit: VisionTransformer, grid: int, channels: Channels) -> None:
    """Position embeddings that say patch and region, and a CLS token that says CLS."""
    positions = vit.get_parameter("pos_embed")  # (1, 1 + N, width), of CLS first
    side = math.isqrt(positions.shape[1] - 1)
    line = torch.arange(side) * grid // side
    regions = (line[:, None] * grid + line).flatten()  # (N,)
    marks = torch.nn.functional.one_hot(regions, grid**2).to(positions)
    positions.zero_()
    positions[0, 1:, channels.regions] = REGION_MARK * marks
    positions[0, 1:, channels.patch] = PATCH_MARK
    positions[0, 1:, channels.balance] = -(PATCH_MARK + REGION_MARK)
    cls = vit.get_parameter("cls_token").zero_()
    cls[..., channels.cls], cls[..., channels.balance] = CLS_MARK, -CLS_MARK


def add_magnitudes(vit: VisionTransformer, pixels: Tensor, channels: Channels) -> None:
    """The first MLP writes |x| - max(|x| - 1, 0) / 2 for each component x, and nothing for CLS.

    GELU(2x) / 2 stands for max(x, 0). Behind it the magnitudes have mean 0 and variance 1.
    """
    expand, threshold = _layer(vit, "blocks.0.mlp.fc1")
    contract, shift = _layer(vit, "blocks.0.mlp.fc2")
    count = channels.magnitudes.stop - channels.magnitudes.start
    unit = torch.eye(count) * deviation(vit, pixels)  # undoes what LayerNorm divides by
    pieces = [(1, 0, 1.0), (-1, 0, 1.0), (1, 1, -0.5), (-1, 1, -0.5)]
    for piece, (sign, beyond, share) in enumerate(pieces[: len(expand) // count]):
        rows = slice(piece * count, (piece + 1) * count)
        expand[rows, channels.components] += 2 * sign * unit
        expand[rows, channels.cls] = -CLS_MARK
        threshold[rows] = -2 * beyond
        contract[channels.magnitudes, rows] += 0.5 * share * torch.eye(count)
    written = tokens_behind(vit, pixels, 1)[:, 1:, channels.magnitudes].flatten(0, 1)
    spread = written.std(dim=0).clamp_min(LEAST_VARIANCE**0.5)
    contract[channels.magnitudes] /= spread[:, None]
    shift[channels.magnitudes] = -written.mean(dim=0) / spread


def look_at_regions(
    vit: VisionTransformer, pixels: Tensor, grid: int, channels: Channels, heads: int
) -> None:
    """In each block but the first, each head of CLS reads one region; heads left over read all."""
    width, size = vit.embed_dim, vit.embed_dim // heads
    # Behind LayerNorm; the product of both marks, over sqrt(size), shall be REGION_LOGIT.
    cls_mark, region_mark = math.sqrt(width / 2), REGION_MARK / deviation(vit, pixels).item()
    strength = math.sqrt(REGION_LOGIT * math.sqrt(size) / (cls_mark * region_mark))
    coarse = min(COARSE_COMPONENTS, channels.components.stop)
    for head in range(heads * (len(vit.blocks) - 1)):
        attention = f"blocks.{1 + head // heads}.attn"
        query, key, value = _layer(vit, f"{attention}.qkv")[0].view(3, width, width)
        rows = slice(head % heads * size, (head % heads + 1) * size)
        if head < grid**2:
            query[rows.start, channels.cls] = strength
            key[rows.start, channels.regions.start + head] = strength
        value[rows, channels.magnitudes] = rotation(size, channels.components.stop)
        value[rows, :coarse] = COARSE_SHARE * rotation(size, coarse)
        projection, _ = _layer(vit, f"{attention}.proj")
        projection[:, rows] = SKETCH_SCALE * rotation(width, size)


def centre(vit: VisionTransformer, pixels: Tensor) -> None:
    """Take from CLS what it says of every image."""
    shared = tokens_behind(vit, pixels, len(vit.blocks))[:, 0].mean(dim=0)
    _, shift = _layer(vit, f"blocks.{len(vit.blocks) - 1}.mlp.fc2")
    shift -= shared


def deviation(vit: VisionTransformer, pixels: Tensor) -> Tensor:
    """What the first LayerNorm divides patches by, on average."""
    return embed_tokens(vit, pixels)[:, 1:].std(dim=-1, correction=0).mean()


def tokens_behind(vit: VisionTransformer, pixels: Tensor, blocks: int) -> Tensor:
    """The tokens (n, 1 + N, width) behind so many blocks."""
    parts = []
    for part in pixels.split(256):
        tokens = embed_tokens(vit, part)
        for block in vit.blocks[:blocks]:
            tokens = block(tokens)
        parts.append(tokens)
    return torch.cat(parts)


def rotation(rows: int, columns: int) -> Tensor:
    """Part of a random orthogonal matrix, (rows, columns)."""
    orthogonal: Tensor = torch.linalg.qr(torch.randn(max(rows, columns), max(rows, columns))).Q
    return orthogonal[:rows, :columns]


def _layer(vit: VisionTransformer, name: str) -> tuple[Tensor, Tensor]:
    """Weight and bias, to be changed in place."""
    return vit.get_parameter(f"{name}.weight"), vit.get_parameter(f"{name}.bias")
