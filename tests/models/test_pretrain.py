"""The training loop: it learns, resumes to the same weights, and refuses what cannot work."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.pretrain import (
    Intervals,
    count_steps,
    load_batch,
    new_network,
    pretrain,
    start_run,
)
from models.run_folder import LOG_FILE, Record
from models.train_step import step_generator, step_values, train_step
from tests.models.pretraining import TINY, coloured_images

EVERY_STEP = Intervals(log_steps=1, checkpoint_seconds=0, probe_seconds=3600)


class Interruption(Exception):
    """Stands for a kill: it comes from outside, between two steps."""


def losses(folder: Path) -> list[float]:
    lines = (folder / LOG_FILE).read_text().splitlines()
    return [json.loads(line)["cross_entropy"] for line in lines]


def test_the_loss_falls_and_the_probe_is_reported(tmp_path: Path) -> None:
    images, labels = coloured_images()
    records: list[Record] = []
    pretrain(TINY, images, tmp_path, labels=labels, intervals=EVERY_STEP, on_record=records.append)
    assert len(records) == 24
    assert np.mean(losses(tmp_path)[-4:]) < np.mean(losses(tmp_path)[:4])
    assert records[-1]["step"] == records[-1]["steps"] == 24
    assert records[-1]["distinct_prototypes"] > 1
    assert 0 <= records[-1]["knn"] <= 1


def test_a_resumed_run_ends_where_an_uninterrupted_one_does(tmp_path: Path) -> None:
    images, _ = coloured_images()
    whole = pretrain(TINY, images, tmp_path / "whole", intervals=EVERY_STEP)

    def interrupt(record: Record) -> None:
        if record["step"] == 9:
            raise Interruption

    with pytest.raises(Interruption):
        pretrain(TINY, images, tmp_path / "parts", intervals=EVERY_STEP, on_record=interrupt)
    resumed = pretrain(TINY, images, tmp_path / "parts", intervals=EVERY_STEP)
    for name, tensor in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], tensor, atol=1e-6, rtol=1e-5)


def test_a_finished_run_is_not_run_again(tmp_path: Path) -> None:
    images, _ = coloured_images()
    pretrain(TINY, images, tmp_path, intervals=EVERY_STEP)
    pretrain(TINY, images, tmp_path, intervals=EVERY_STEP)
    assert len(losses(tmp_path)) == 24


def test_a_checkpoint_of_another_recipe_is_refused(tmp_path: Path) -> None:
    images, _ = coloured_images()
    pretrain(replace(TINY, epochs=1), images, tmp_path, intervals=EVERY_STEP)
    with pytest.raises(ValueError, match=r"another epochs, seed; .* choose another folder"):
        pretrain(TINY, images, tmp_path, seed=1, intervals=EVERY_STEP)


def test_too_few_images_for_a_batch_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="5 images fill no batch of 16"):
        pretrain(TINY, coloured_images(5)[0], tmp_path)


def test_a_step_trains_the_prototypes_and_moves_the_target_by_momentum(tmp_path: Path) -> None:
    images, _ = coloured_images()
    run = start_run(TINY, images, tmp_path, "cpu", seed=0)
    prototypes = run.network.prototypes.detach().clone()
    target = run.network.target_encoder.vit.get_parameter("cls_token").detach().clone()
    values = step_values(TINY, 10, 24, 4)
    train_step(run, torch.from_numpy(images[:16]), values, step_generator("cpu", 0, 0))
    assert not torch.equal(run.network.prototypes, prototypes)
    anchor = run.network.encoder.vit.get_parameter("cls_token").detach()
    expected = values.momentum * target + (1 - values.momentum) * anchor
    torch.testing.assert_close(
        run.network.target_encoder.vit.get_parameter("cls_token").detach(), expected
    )


def test_the_clip_bounds_the_encoder_alone(tmp_path: Path) -> None:
    images, _ = coloured_images()
    run = start_run(replace(TINY, clip=1e-6), images, tmp_path, "cpu", seed=0)
    values = step_values(TINY, 10, 24, 4)
    train_step(run, torch.from_numpy(images[:16]), values, step_generator("cpu", 0, 0))
    gradients = [p.grad for p in run.network.encoder.parameters() if p.grad is not None]
    assert torch.nn.utils.get_total_norm(gradients) <= 1.01e-6
    assert run.network.prototypes.grad is not None
    assert run.network.prototypes.grad.norm() > 1e-4


def test_schedules_reach_the_optimizer_but_decay_spares_biases(tmp_path: Path) -> None:
    images, _ = coloured_images()
    run = start_run(TINY, images, tmp_path, "cpu", seed=0)
    values = step_values(TINY, 4, 24, 4)
    train_step(run, torch.from_numpy(images[:16]), values, step_generator("cpu", 0, 0))
    assert [group["lr"] for group in run.optimizer.param_groups] == [5e-3] * 3
    decays = [group["weight_decay"] for group in run.optimizer.param_groups]
    assert decays == [values.weight_decay, 0, 0]
    assert values.weight_decay > 0.04


def test_both_encoders_begin_with_the_same_structure() -> None:
    images, _ = coloured_images()
    torch.manual_seed(0)
    network = new_network(replace(TINY, structured_start=True), images, "cpu")
    anchor, target = network.encoder.state_dict(), network.target_encoder.state_dict()
    assert all(torch.equal(anchor[name], target[name]) for name in anchor)
    torch.manual_seed(0)
    plain = new_network(TINY, images, "cpu").encoder.state_dict()
    assert not torch.equal(anchor["vit.pos_embed"], plain["vit.pos_embed"])


def test_an_epoch_shows_every_image_once_in_an_order_of_its_own() -> None:
    images = np.arange(20, dtype=np.uint8).reshape(20, 1, 1, 1)
    first, second = (
        torch.cat([load_batch(images, step, 5, seed=0).flatten() for step in steps]).tolist()
        for steps in (range(4), range(4, 8))
    )
    assert sorted(first) == sorted(second) == list(range(20))
    assert first != second


def test_steps_leave_out_the_last_incomplete_batch() -> None:
    assert count_steps(TINY, 63) == (3, 18)
