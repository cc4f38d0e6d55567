"""The Masked Siamese Network: an anchor encoder, its momentum copy and the prototypes."""

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from models.masking import keep_tokens
from models.momentum import blend
from models.pretraining.distributed import SyncedBatchNorm
from models.pretraining.target_queue import TargetQueue
from models.vit import VitConfig, build_vit, embed_tokens, encode_tokens

# Images (B, 3, H, W), and the patches (1 or B, n) that are seen of them, or all.
Views = tuple[Tensor, Tensor | None]


class ProjectionHead(nn.Module):
    """Three linear layers with batch norm and GELU between: (B, width) to (B, dim)."""

    def __init__(self, width: int, hidden: int, dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.bn1 = SyncedBatchNorm(hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.bn2 = SyncedBatchNorm(hidden)
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

    def forward(
        self, images: Tensor, kept: Tensor | None = None, micro_batch: int | None = None
    ) -> Tensor:
        """Projections (B, dim) of images (B, 3, H, W), seen through patches `kept` (1 or B, n).

        With a `micro_batch`, the ViT takes that many images at a time, forgets what it computed
        and does it again for the gradient; the head always sees them all. The result is the same.
        """
        projections: Tensor = self.head(self.features(images, kept, micro_batch))
        return projections

    def features(
        self, images: Tensor, kept: Tensor | None = None, micro_batch: int | None = None
    ) -> Tensor:
        """What the head gets: the CLS token (B, width) after the final LayerNorm."""
        if micro_batch is None:
            return self._cls(images, kept)
        parts = [
            checkpoint(self._cls, *part, use_reentrant=False, preserve_rng_state=False)
            for part in split_views(images, kept, micro_batch)
        ]
        return torch.cat(parts)

    def _cls(self, images: Tensor, kept: Tensor | None) -> Tensor:
        tokens = embed_tokens(self.vit, images)  # (B, 1 + N, width)
        if kept is not None:
            tokens = keep_tokens(tokens, kept)  # (B, 1 + n, width)
        normed: Tensor = self.vit.norm(encode_tokens(self.vit, tokens)[:, 0])
        return normed


def split_views(images: Tensor, kept: Tensor | None, rows: int) -> Iterator[Views]:
    """Images and their kept patches, at most `rows` images at a time."""
    for start in range(0, len(images), rows):
        own = slice(start, start + rows)
        yield images[own], kept if kept is None or len(kept) == 1 else kept[own]


class MaskedSiameseNetwork(nn.Module):
    """Anchor encoder, target encoder (its exponential moving average), prototypes (K, dim).

    `queue`: how many past targets it remembers. `start_share`: how much of the weights that it
    began with, which it then remembers, is in what it has learned.
    """

    def __init__(
        self,
        config: VitConfig,
        *,
        prototypes: int,
        hidden: int,
        dim: int,
        queue: int = 0,
        start_share: float = 0.0,
    ) -> None:
        super().__init__()
        self.encoder = Encoder(config, hidden, dim)
        self.target_encoder = copy.deepcopy(self.encoder).requires_grad_(False)
        bound = dim**-0.5
        self.prototypes = nn.Parameter(torch.empty(prototypes, dim).uniform_(-bound, bound))
        self.queue = TargetQueue(queue, dim) if queue else None
        self.start_share = start_share
        self.start = copy.deepcopy(self.target_encoder.vit) if start_share else None

    def begin_with(self, vit: VisionTransformer) -> None:
        """Have all sides begin with these weights."""
        sides = (self.encoder.vit, self.target_encoder.vit, self.start)
        for side in sides:
            if side is not None:
                side.load_state_dict(vit.state_dict())

    def learned(self) -> VisionTransformer:
        """The encoder to use: the target's, blended with the start where it is remembered."""
        target = self.target_encoder.vit
        if self.start is None:
            return target
        blended = copy.deepcopy(self.start)
        weights = blend(target.state_dict(), self.start.state_dict(), self.start_share)
        blended.load_state_dict(weights)
        return blended

    def forward(
        self, target_views: Tensor, anchor_views: Sequence[Views], micro_batch: int | None = None
    ) -> tuple[Tensor, Tensor]:
        """Projections of anchors (views x batch, dim) and targets (batch, dim), in one call."""
        targets = self.project_targets(target_views, micro_batch)
        return self.project_anchors(anchor_views, micro_batch), targets

    def project_anchors(self, views: Sequence[Views], micro_batch: int | None = None) -> Tensor:
        """Projections (views x batch, dim) of groups (images, kept patches), one pass each."""
        return torch.cat([self.encoder(images, kept, micro_batch) for images, kept in views])

    @torch.no_grad()
    def project_targets(self, images: Tensor, micro_batch: int | None = None) -> Tensor:
        """Projections (B, dim) of whole target views, without gradient."""
        projections: Tensor = self.target_encoder(images, None, micro_batch)
        return projections


def parameter_groups(network: MaskedSiameseNetwork) -> list[dict[str, Any]]:
    """AdamW's groups: matrices, which decay; biases and other 1-D parameters; prototypes."""
    parameters = list(network.encoder.parameters())
    return [
        {"params": [p for p in parameters if p.ndim > 1], "decays": True},
        {"params": [p for p in parameters if p.ndim <= 1], "decays": False, "weight_decay": 0.0},
        {"params": [network.prototypes], "decays": False, "weight_decay": 0.0},
    ]
