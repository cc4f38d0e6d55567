"""The momentum update: its arithmetic, and that buffers are left alone."""

import torch
from torch import nn

from models.momentum import update_target


def network(value: float) -> nn.Module:
    layers = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    for parameter in layers.parameters():
        nn.init.constant_(parameter, value)
    for buffer in layers.buffers():
        buffer.fill_(value)
    return layers


def test_parameters_move_by_one_minus_momentum() -> None:
    target, anchor = network(1.0), network(3.0)
    update_target(target, anchor, 0.75)
    assert all(bool((parameter == 1.5).all()) for parameter in target.parameters())
    assert all(bool((parameter == 3.0).all()) for parameter in anchor.parameters())


def test_momentum_one_freezes_the_target_and_zero_copies_the_anchor() -> None:
    target, anchor = network(1.0), network(3.0)
    update_target(target, anchor, 1.0)
    assert all(bool((parameter == 1.0).all()) for parameter in target.parameters())
    update_target(target, anchor, 0.0)
    assert all(bool((parameter == 3.0).all()) for parameter in target.parameters())


def test_buffers_are_not_averaged() -> None:
    target, anchor = network(1.0), network(3.0)
    update_target(target, anchor, 0.5)
    assert all(bool((buffer == 1).all()) for buffer in target.buffers())


def test_the_update_leaves_no_gradient_behind() -> None:
    target, anchor = network(1.0), network(3.0)
    target.requires_grad_(False)
    update_target(target, anchor, 0.5)
    assert not any(parameter.requires_grad for parameter in target.parameters())
    assert torch.is_grad_enabled()
