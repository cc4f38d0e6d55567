"""Averages of weights: the target network over its past, an encoder with what it began as."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


@torch.no_grad()
def update_target(target: nn.Module, anchor: nn.Module, momentum: float) -> None:
    """target = momentum x target + (1 - momentum) x anchor, over parameters in place.

    Buffers (running statistics of batch norms) belong to each network's own forward passes and
    are left alone, as the paper's code does.
    """
    averaged: list[Tensor] = list(target.parameters())
    latest: list[Tensor] = list(anchor.parameters())
    torch._foreach_lerp_(averaged, latest, 1 - momentum)


def blend(
    trained: Mapping[str, Tensor], start: Mapping[str, Tensor], start_share: float
) -> dict[str, Tensor]:
    """Each weight between what training made of it and, at a share of 1, what it began as.

    Such an average keeps what a network could do before it was trained further, and most of what
    it learned (Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022).
    """
    return {name: torch.lerp(weight, start[name], start_share) for name, weight in trained.items()}
