"""The memory that a step needs, foreseen: of the right size, and shrinking with the micro-batch."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from models.errors import PretrainingError
from models.msn import MaskedSiameseNetwork, ProjectionHead
from models.msn_loss import msn_loss
from models.pretraining import distributed
from models.pretraining.memory import (
    SPARE_BYTES,
    activation_bytes,
    available_bytes,
    beside_bytes,
    fixed_bytes,
    is_out_of_memory,
    plan_micro_batch,
    view_tokens,
)
from models.pretraining.recipes import preset
from tests.models.tiny_pretraining import TINY


def test_all_views_are_taken_at_once_where_they_fit() -> None:
    assert view_tokens(TINY) == [(1, 13), (1, 5)]
    together = 16 * (activation_bytes(TINY, 13) + activation_bytes(TINY, 5))
    enough = fixed_bytes(TINY, 16) + together
    assert plan_micro_batch(TINY, 16, enough) is None
    assert plan_micro_batch(TINY, 16, enough - 1) == 16
    assert plan_micro_batch(TINY, 16, None) is None


def test_less_memory_takes_fewer_views_at_once() -> None:
    few = fixed_bytes(TINY, 16) + 5 * activation_bytes(TINY, 13)
    assert plan_micro_batch(TINY, 16, few) == 5


def test_a_recipe_that_cannot_fit_is_refused_with_what_it_needs() -> None:
    with pytest.raises(PretrainingError, match=r"vit-s16 .* GB of memory.* 1\.0 GB are free"):
        plan_micro_batch(preset("vit-s16"), 1024, 2**30)


def test_the_weights_foreseen_are_nearly_those_of_the_network() -> None:
    recipe = replace(TINY, vit=replace(TINY.vit, width=192, depth=4))
    with torch.device("meta"):
        network = MaskedSiameseNetwork(
            recipe.vit,
            prototypes=recipe.prototypes,
            hidden=recipe.projection_hidden,
            dim=recipe.projection_dim,
        )
    learned = sum(p.numel() for p in network.parameters() if p.requires_grad)
    assert fixed_bytes(recipe, 0) == pytest.approx(20 * learned, rel=0.05)


def test_the_room_for_head_and_loss_holds_what_their_gradient_needs() -> None:
    recipe = replace(TINY, focal_views=3, projection_hidden=256, prototypes=64)
    width, dim = recipe.vit.width, recipe.projection_dim
    head, prototypes = ProjectionHead(width, 256, dim), torch.randn(64, dim, requires_grad=True)
    kept: dict[int, int] = {}

    def remember(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(remember, lambda tensor: tensor):
        anchors = head(torch.randn(4 * 16, width))
        loss = msn_loss(anchors, torch.randn(16, dim), prototypes)
    loss.total.backward()
    room = beside_bytes(recipe, 16) - SPARE_BYTES
    assert room / 4 < sum(kept.values()) < room


def test_a_cpu_says_how_much_memory_is_free() -> None:
    free = available_bytes("cpu")
    assert free is None or 2**20 < free < 2**50


def test_processes_of_one_host_share_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = available_bytes("cpu")
    monkeypatch.setattr(distributed, "size", lambda: 8)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    shared = available_bytes("cpu")
    if alone is None or shared is None:
        pytest.skip("this system does not say how much memory is free")
    assert shared < 0.5 * alone


def test_the_cpus_lack_of_memory_is_known_by_its_words() -> None:
    with pytest.raises(RuntimeError) as failed:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_out_of_memory(failed.value)
    assert not is_out_of_memory(RuntimeError("shapes cannot be multiplied"))
