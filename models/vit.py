"""The vision transformer, opened up where MSN needs it: between its patches and its blocks."""

from functools import partial
from typing import cast

import torch
from timm.layers.attention import Attention
from timm.models.vision_transformer import Block, VisionTransformer
from torch import Tensor, nn
from torch.nn import functional

from models.manifest import Norm, VitConfig

__all__ = [
    "VisionTransformer",
    "VitConfig",
    "block_tokens",
    "build_vit",
    "cls_feature",
    "embed_tokens",
    "encode_tokens",
    "interpolate_positions",
    "last_cls",
]


def build_vit(config: VitConfig) -> VisionTransformer:
    """A randomly initialised ViT with a CLS token, learned positions, no head, drop path 0."""
    return VisionTransformer(
        img_size=config.image_size,
        patch_size=config.patch_size,
        embed_dim=config.width,
        depth=config.depth,
        num_heads=config.heads,
        mlp_ratio=config.mlp_ratio,
        norm_layer=partial(nn.LayerNorm, eps=config.norm_eps),
        num_classes=0,
        dynamic_img_size=True,
    )


def embed_tokens(vit: VisionTransformer, images: Tensor) -> Tensor:
    """Images (B, 3, H, W) as tokens with positions (B, 1 + N, width), the CLS token first.

    H and W may be any multiple of the patch size: the positions are interpolated. Raises
    ValueError on another size, whose last pixels would be lost.
    """
    patch = vit.patch_embed.patch_size[0]
    if images.shape[2] % patch or images.shape[3] % patch:
        raise ValueError(f"images of {tuple(images.shape[2:])} are no multiple of patch {patch}")
    # timm types both as optional; build_vit makes both.
    class_token, learned = cast(Tensor, vit.cls_token), cast(Tensor, vit.pos_embed)
    patches = vit.patch_embed.proj(images)  # (B, width, h, w)
    positions = interpolate_positions(
        learned, (patches.shape[2], patches.shape[3])
    )  # (1, 1 + N, width)
    cls = class_token.expand(images.shape[0], -1, -1)  # (B, 1, width)
    return torch.cat([cls, patches.flatten(2).transpose(1, 2)], dim=1) + positions


def encode_tokens(vit: VisionTransformer, tokens: Tensor) -> Tensor:
    """Tokens (B, n, width) through all blocks: (B, n, width), before the final LayerNorm."""
    encoded: Tensor = vit.blocks(tokens)
    return encoded


def cls_feature(vit: VisionTransformer, images: Tensor, norm: Norm) -> Tensor:
    """CLS token (B, width) of the last block, before ("pre") or after ("post") the LayerNorm."""
    return last_cls(vit, vit.blocks[:-1](embed_tokens(vit, images)), norm)


def last_cls(vit: VisionTransformer, tokens: Tensor, norm: Norm) -> Tensor:
    """`cls_feature` (B, width) of tokens (B, n, width) that went through all blocks but the last.

    What that makes of the patches nobody reads; in a network of four blocks it is a fifth of all.
    """
    cls = block_tokens(cast(Block, vit.blocks[-1]), tokens, 1)[:, 0]
    return vit.norm(cls) if norm == "post" else cls


def block_tokens(block: Block, tokens: Tensor, count: int | None = None) -> Tensor:
    """The first `count` tokens (B, count, width) of what the block makes of tokens (B, n, width).

    For a block of `build_vit` that is not being trained: it drops nothing.
    """
    normed = block.norm1(tokens)
    attention = cast(Attention, block.attn)
    kept = tokens[:, :count] + _attended(attention, normed[:, :count], normed)
    widened: Tensor = block.mlp(block.norm2(kept))
    return kept + widened


def _attended(attention: Attention, asking: Tensor, tokens: Tensor) -> Tensor:
    """What tokens (B, m, width) get from tokens (B, n, width): (B, m, width)."""
    width = attention.attn_dim
    queries, keys, values = (
        functional.linear(source, attention.qkv.weight[part], attention.qkv.bias[part])
        .unflatten(2, (attention.num_heads, attention.head_dim))
        .transpose(1, 2)  # (B, heads, m or n, head width)
        for source, part in (
            (asking, slice(width)),
            (tokens, slice(width, 2 * width)),
            (tokens, slice(2 * width, 3 * width)),
        )
    )
    alike = queries @ keys.transpose(2, 3) * attention.scale  # (B, heads, m, n)
    found = alike.softmax(dim=-1) @ values
    mixed: Tensor = attention.proj(found.transpose(1, 2).flatten(2))
    return mixed


def interpolate_positions(positions: Tensor, grid: tuple[int, int]) -> Tensor:
    """Position embedding (1, 1 + n*n, width), bicubic, for a grid of (h, w) patches."""
    side = round((positions.shape[1] - 1) ** 0.5)
    if grid == (side, side):
        return positions
    cls, patches = positions[:, :1], positions[:, 1:]
    square = patches.transpose(1, 2).reshape(1, -1, side, side)  # (1, width, n, n)
    resized = functional.interpolate(square.float(), size=grid, mode="bicubic").to(positions.dtype)
    return torch.cat([cls, resized.flatten(2).transpose(1, 2)], dim=1)
