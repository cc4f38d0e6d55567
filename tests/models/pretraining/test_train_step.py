"""One update: what it trains, what it leaves alone, and the same gradient from micro-batches."""

import json
import subprocess
import sys
from dataclasses import replace
from functools import partialmethod
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch._dynamo.utils import counters

from models.errors import PretrainingError
from models.msn_loss import MsnLoss
from models.pretraining import run_start
from models.pretraining.recipe import Recipe
from models.pretraining.run_folder import Run
from models.pretraining.run_start import Start, start_run
from models.pretraining.train_step import (
    Health,
    StepResult,
    compute_gradient,
    step_values,
    train_step,
)
from tests.models.tiny_pretraining import TINY, TINY_FOR_GPU, coloured_images

VALUES = step_values(TINY, 10, 24, 4)


def new_run(folder: Path, recipe: Recipe = TINY, device: str = "cpu") -> Run:
    return start_run(recipe, coloured_images()[0], folder, Start(device))


def batch(device: str = "cpu") -> Tensor:
    return torch.from_numpy(coloured_images()[0][: TINY.batch]).to(device)


def test_a_step_trains_the_prototypes_and_moves_the_target_by_momentum(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    prototypes = run.network.prototypes.detach().clone()
    target = run.network.target_encoder.vit.get_parameter("cls_token").detach().clone()
    train_step(run, batch(), VALUES)
    assert not torch.equal(run.network.prototypes, prototypes)
    anchor = run.network.encoder.vit.get_parameter("cls_token").detach()
    expected = VALUES.momentum * target + (1 - VALUES.momentum) * anchor
    torch.testing.assert_close(
        run.network.target_encoder.vit.get_parameter("cls_token").detach(), expected
    )


def test_the_clip_bounds_the_encoder_alone(tmp_path: Path) -> None:
    run = new_run(tmp_path, replace(TINY, clip=1e-6))
    train_step(run, batch(), VALUES)
    gradients = [p.grad for p in run.network.encoder.parameters() if p.grad is not None]
    assert torch.nn.utils.get_total_norm(gradients) <= 1.01e-6
    assert run.network.prototypes.grad is not None
    assert run.network.prototypes.grad.norm() > 1e-4


def test_schedules_reach_the_optimizer_but_decay_spares_biases(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    values = step_values(TINY, 4, 24, 4)
    train_step(run, batch(), values)
    assert [group["lr"] for group in run.optimizer.param_groups] == [5e-3] * 3
    decays = [group["weight_decay"] for group in run.optimizer.param_groups]
    assert decays == [values.weight_decay, 0, 0]
    assert values.weight_decay > 0.04


def test_targets_of_past_steps_change_what_the_anchors_must_predict(tmp_path: Path) -> None:
    run, forgetful = new_run(tmp_path, replace(TINY, queue=32)), new_run(tmp_path)
    first, second = (torch.from_numpy(part) for part in np.split(coloured_images(32)[0], 2))
    compute_gradient(run, first, None)
    expected = compute_gradient(forgetful, second, None)
    assert not torch.isclose(compute_gradient(run, second, None).total, expected.total)
    assert len(run.network.queue.stored()) == 32


def test_a_power_law_prior_changes_the_loss(tmp_path: Path) -> None:
    uniform = compute_gradient(new_run(tmp_path), batch(), None)
    skewed = compute_gradient(new_run(tmp_path, replace(TINY, prior_exponent=1)), batch(), None)
    assert skewed.me_max > uniform.me_max + 0.1


@pytest.mark.parametrize("mask_per_sample", [False, True])
def test_micro_batches_give_the_gradient_of_the_whole_batch(
    tmp_path: Path, mask_per_sample: bool
) -> None:
    recipe = replace(TINY, mask_per_sample=mask_per_sample, focal_views=2)
    whole, parts = new_run(tmp_path, recipe), new_run(tmp_path, recipe)
    expected, found = compute_gradient(whole, batch(), None), compute_gradient(parts, batch(), 3)
    torch.testing.assert_close(found.total, expected.total)
    assert distance(gradient(parts), gradient(whole)) < 1e-5


def gradient(run: Run) -> Tensor:
    """Of all that learns, in one row."""
    learned = [p.grad for p in run.network.parameters() if p.requires_grad]
    return torch.cat([part.flatten() for part in learned if part is not None])


def distance(found: Tensor, expected: Tensor) -> float:
    """As a share of the expected length."""
    return float((found - expected).norm() / expected.norm())


class SmallMemory:
    """Raises what a full device does when the patch embedding is given more than `most` views."""

    def __init__(self, run: Run, most: int) -> None:
        self.most = most
        for encoder in (run.network.encoder, run.network.target_encoder):
            encoder.vit.patch_embed.proj.register_forward_pre_hook(self._check)

    def _check(self, _: nn.Module, arguments: tuple[Tensor]) -> None:
        if len(arguments[0]) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")


def test_a_step_that_runs_out_of_memory_is_repeated_in_smaller_parts(tmp_path: Path) -> None:
    unlimited, limited = new_run(tmp_path), new_run(tmp_path)
    expected = train_step(unlimited, batch(), VALUES)
    SmallMemory(limited, 5)
    found = train_step(limited, batch(), VALUES)
    torch.testing.assert_close(found.loss.total, expected.loss.total)
    assert limited.micro_batch == 4
    assert distance(gradient(limited), gradient(unlimited)) < 1e-5


def test_a_device_too_small_for_one_view_is_named(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    SmallMemory(run, 0)
    with pytest.raises(PretrainingError, match=r"even with one view at a time: tiny .* smaller"):
        train_step(run, batch(), VALUES)


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning")  # torch's own
@pytest.mark.parametrize("micro_batch", [None, 8])
def test_all_blocks_share_one_compilation_for_each_kind_of_views(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, micro_batch: int | None
) -> None:
    torch.compiler.reset()
    run = new_run(tmp_path, replace(TINY, vit=replace(TINY.vit, depth=4)))
    # What is traced and how often is the same as on a GPU; what is made of it would take minutes.
    monkeypatch.setattr(nn.Module, "compile", partialmethod(nn.Module.compile, backend="eager"))
    run.micro_batch = micro_batch
    counters.clear()
    with torch._dynamo.config.patch(suppress_errors=False, recompile_limit=8, optimize_ddp=True):
        for encoder in (run.network.encoder, run.network.target_encoder):
            run_start.compile_blocks(encoder.vit)
        for _ in range(2):
            train_step(run, batch(), VALUES)
    assert counters["stats"]["unique_graphs"] == 3  # targets, masked anchors, focal views


@pytest.mark.gpu
@pytest.mark.timeout(300)
def test_compiled_blocks_take_the_step_of_plain_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = replace(TINY_FOR_GPU, bf16=True)
    compiled = new_run(tmp_path, recipe, "cuda")
    monkeypatch.setattr(run_start, "compile_blocks", lambda vit: None)
    plain = new_run(tmp_path, recipe, "cuda")
    # Otherwise blocks that cannot be compiled would be plain ones too.
    monkeypatch.setattr("torch._dynamo.config.suppress_errors", False)
    counters.clear()
    found = train_step(compiled, batch("cuda"), VALUES)
    assert counters["stats"]["unique_graphs"] > 0
    expected = train_step(plain, batch("cuda"), VALUES)
    torch.testing.assert_close(found.loss.total, expected.loss.total, rtol=2e-2, atol=0)
    assert distance(gradient(compiled), gradient(plain)) < 0.1


@pytest.mark.gpu
@pytest.mark.timeout(300)
def test_a_full_gpu_takes_fewer_views_at_once_to_the_same_result() -> None:
    words = [sys.executable, "-m", "tests.models.full_gpu"]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=280, check=False)
    assert ended.returncode == 0, ended.stderr
    ample, scarce = json.loads(ended.stdout.splitlines()[-1])
    assert "micro_batch" not in ample["events"]
    assert "micro_batch" in scarce["events"]
    np.testing.assert_allclose(scarce["losses"], ample["losses"], rtol=1e-2)


def test_other_errors_are_not_taken_for_a_lack_of_memory(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        train_step(new_run(tmp_path), torch.zeros(2, 5, 16, 16, dtype=torch.uint8), VALUES)


def result(loss: float, gradient_norm: float) -> StepResult:
    zero = torch.tensor(0.0)
    parts = MsnLoss(torch.tensor(loss), zero, zero, zero, zero)
    return StepResult(parts, torch.tensor(gradient_norm), VALUES)


@pytest.mark.parametrize("spoilt", [("nan", "nan"), ("inf", "1.0"), ("1.0", "inf")])
def test_a_step_that_is_not_finite_is_found_with_its_number(spoilt: tuple[str, str]) -> None:
    health = Health()
    loss, norm = spoilt
    numbers = ((3.0, 1.0), (float(loss), float(norm)), (float("nan"), float("nan")))
    for step, (total, gradient) in enumerate(numbers, start=1):
        health.add(step, result(total, gradient))
    with pytest.raises(PretrainingError, match=f"at step 2 the loss became {loss} and .* {norm}"):
        health.check()


def test_a_healthy_run_passes_every_check() -> None:
    health = Health()
    health.check()
    for step in range(3):
        health.add(step, result(1e30, 1e30))
    health.check()
