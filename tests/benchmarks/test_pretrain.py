"""The benchmark measures what it says, in seconds, with a tiny recipe."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.pretraining.recipes import preset
from tests.benchmarks import view_speed
from tests.benchmarks.photographs import write_photographs
from tests.benchmarks.plain_msn import PlainTraining
from tests.benchmarks.pretrain import step_table, with_image_size
from tests.benchmarks.training_speed import measure_ours, measure_plain, training_flops
from tests.benchmarks.view_speed import measure_views

TINY = replace(preset("cpu-32"), batch=4)


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photographs(tmp_path_factory.mktemp("files"), 8, (48, 40))


def test_both_ways_are_measured_and_set_beside_each_other(photographs: Path) -> None:
    ours = measure_ours(TINY, photographs, "cpu", 1, 2)
    plain = measure_plain(TINY, photographs, "cpu", 1, 2, workers=0)
    assert ours.images_per_second > 0
    assert 0 < plain.waiting < 1  # with no workers it decodes while it waits
    assert step_table([ours, plain]).row_count == 2


def test_a_plain_step_moves_encoder_prototypes_and_target(photographs: Path) -> None:
    training = PlainTraining(TINY, photographs, "cpu", workers=0)
    before = {name: value.clone() for name, value in training.network.named_parameters()}
    assert 0 < training.step() < 100
    moved = {
        name.partition(".")[0]
        for name, value in training.network.named_parameters()
        if not torch.equal(value, before[name])
    }
    assert moved == {"encoder", "prototypes", "target_encoder"}


def test_larger_images_and_lighter_masks_cost_more_operations() -> None:
    assert training_flops(with_image_size(TINY, 64)) > 3 * training_flops(TINY)
    assert training_flops(replace(TINY, mask_ratio=0.0)) > training_flops(TINY)


def test_all_ways_make_views_of_one_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_speed, "SECONDS", 0.01)
    speeds = measure_views(TINY.anchor, 40, 2, "cpu")
    assert len(speeds) == 5
    assert all(speed.views_per_second > 0 for speed in speeds)
    views = view_speed.with_kornia(TINY.anchor)(torch.rand(2, 3, 40, 40))
    view = view_speed.with_torchvision(TINY.anchor)(torch.zeros(3, 40, 40, dtype=torch.uint8))
    assert views.shape[1:] == view.shape == (3, 32, 32)
