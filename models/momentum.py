"""The target network as an exponential moving average of the anchor network."""

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
