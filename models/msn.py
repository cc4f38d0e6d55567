"""The Masked Siamese Network: an anchor encoder, its momentum copy and the prototypes."""

import copy
from collections.abc import Iterable
from typing import Any

import torch
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from models.masking import keep_tokens
from models.vit import VitConfig, build_vit, embed_tokens, encode_tokens


class ProjectionHead(nn.Module):
    """Three linear layers with batch norm and GELU between: (B, width) to (B, dim)."""

    def __init__(self, width: int, hidden: int, dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.bn1 = nn.BatchNorm1d(hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.bn2 = nn.BatchNorm1d(hidden)
        self.fc3 = nn.Linear(hidden, dim)
        self.act = nn.GELU()
        for layer in (self.fc1, self.fc2, self.fc3):
            nn.init.trunc_normal_(layer.weight, std=0.02)
            nn.init.zeros_(layer.bias)

    def forward(self, features: Tensor) -> Tensor:
        hidden = self.act(self.bn1(self.fc1(features)))
        hidden = self.act(self.bn2(self.fc2(hidden)))
        projected: Tensor = self.fc3(hidden)
        return projected


class Encoder(nn.Module):
    """A ViT and its projection head, one side of the siamese pair."""

    vit: VisionTransformer

    def __init__(self, config: VitConfig, hidden: int, dim: int) -> None:
        super().__init__()
        self.vit = build_vit(config)
        self.head = ProjectionHead(config.width, hidden, dim)

    def forward(self, images: Tensor, kept: Tensor | None = None) -> Tensor:
        """Projections (B, dim) of images (B, 3, H, W), seen through patches `kept` (1 or B, n)."""
        tokens = embed_tokens(self.vit, images)  # (B, 1 + N, width)
        if kept is not None:
            tokens = keep_tokens(tokens, kept)  # (B, 1 + n, width)
        tokens = encode_tokens(self.vit, tokens)
        projections: Tensor = self.head(self.vit.norm(tokens[:, 0]))
        return projections


class MaskedSiameseNetwork(nn.Module):
    """Anchor encoder, target encoder (its exponential moving average), prototypes (K, dim)."""

    def __init__(self, config: VitConfig, *, prototypes: int, hidden: int, dim: int) -> None:
        super().__init__()
        self.encoder = Encoder(config, hidden, dim)
        self.target_encoder = copy.deepcopy(self.encoder).requires_grad_(False)
        bound = dim**-0.5
        self.prototypes = nn.Parameter(torch.empty(prototypes, dim).uniform_(-bound, bound))

    def project_anchors(self, views: Iterable[tuple[Tensor, Tensor | None]]) -> Tensor:
        """Projections (views x batch, dim) of groups (images, kept patches), one pass each."""
        return torch.cat([self.encoder(images, kept) for images, kept in views])

    @torch.no_grad()
    def project_targets(self, images: Tensor) -> Tensor:
        """Projections (B, dim) of whole target views, without gradient."""
        projections: Tensor = self.target_encoder(images)
        return projections


def parameter_groups(network: MaskedSiameseNetwork) -> list[dict[str, Any]]:
    """AdamW's groups: matrices, which decay; biases and other 1-D parameters; prototypes."""
    parameters = list(network.encoder.parameters())
    return [
        {"params": [p for p in parameters if p.ndim > 1], "decays": True},
        {"params": [p for p in parameters if p.ndim <= 1], "decays": False, "weight_decay": 0.0},
        {"params": [network.prototypes], "decays": False, "weight_decay": 0.0},
    ]
