"""One update of a pretraining run: views, loss, gradient, and what the schedules say."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.masking import sample_mask
from models.momentum import update_target
from models.msn_loss import MsnLoss, msn_loss
from models.recipes import Recipe
from models.run_folder import Record, Run
from models.schedules import cosine, linear, warmup_cosine
from models.views import make_views


@dataclass(frozen=True)
class StepValues:
    """What the schedules give for one step."""

    learning_rate: float
    weight_decay: float
    momentum: float


def train_step(run: Run, images: Tensor, values: StepValues, generator: torch.Generator) -> MsnLoss:
    """One update of anchor encoder and prototypes by gradient, and of the target by momentum."""
    recipe, network, optimizer = run.recipe, run.network, run.optimizer
    with torch.autocast(images.device.type, torch.bfloat16, enabled=recipe.bf16):
        targets = network.project_targets(make_views(images, recipe.target, generator))
        anchors = network.project_anchors(anchor_views(recipe, images, generator))
    loss = msn_loss(
        anchors,  # (views x batch, dim)
        targets,  # (batch, dim)
        network.prototypes,  # (K, dim)
        temperature=recipe.temperature,
        sharpen_temperature=recipe.sharpen_temperature,
        sinkhorn_iterations=recipe.sinkhorn_iterations,
        me_max_weight=recipe.me_max_weight,
    )
    optimizer.zero_grad()
    loss.total.backward()
    # The prototypes stay outside the clip, as in the paper's code.
    nn.utils.clip_grad_norm_(network.encoder.parameters(), recipe.clip)
    for group in optimizer.param_groups:
        group["lr"] = values.learning_rate
        group["weight_decay"] = values.weight_decay if group["decays"] else 0.0
    optimizer.step()
    update_target(network.target_encoder, network.encoder, values.momentum)
    return loss


def anchor_views(
    recipe: Recipe, images: Tensor, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor | None]]:
    """Masked random views, then whole focal views; views of one size share one forward pass."""
    if recipe.anchor_views:
        views = [make_views(images, recipe.anchor, generator) for _ in range(recipe.anchor_views)]
        yield torch.cat(views), anchor_mask(recipe, recipe.anchor_views * len(images), generator)
    if recipe.focal_views:
        views = [make_views(images, recipe.focal, generator) for _ in range(recipe.focal_views)]
        yield torch.cat(views), None


def anchor_mask(recipe: Recipe, anchors: int, generator: torch.Generator) -> Tensor:
    """Patches that the anchors keep: one permutation for all, or one for each."""
    patches = (recipe.anchor.size // recipe.vit.patch_size) ** 2
    rows = anchors if recipe.mask_per_sample else 1
    return sample_mask(patches, recipe.mask_ratio, rows=rows, generator=generator)


def step_values(recipe: Recipe, step: int, steps: int, steps_per_epoch: int) -> StepValues:
    """Learning rate, weight decay and momentum at `step` of `steps`."""
    start, peak, final = recipe.learning_rate
    warmup = round(recipe.warmup_epochs * steps_per_epoch)
    decay, momentum = recipe.weight_decay, recipe.momentum
    return StepValues(
        warmup_cosine(step, steps=steps, warmup=warmup, start=start, peak=peak, final=final),
        cosine(step, steps=steps, start=decay[0], final=decay[1]),
        linear(step, steps=steps, start=momentum[0], final=momentum[1]),
    )


def step_generator(device: str, seed: int, step: int) -> torch.Generator:
    """Random numbers that depend on seed and step alone, so that a resumed run draws the same."""
    return torch.Generator(device).manual_seed((seed << 32) + step)


def summarise(loss: MsnLoss, values: StepValues) -> Record:
    """Loss parts, statistics and schedule values as plain numbers."""
    numbers = {name: round(value.item(), 5) for name, value in vars(loss).items()}
    return numbers | {name: float(f"{value:.4g}") for name, value in vars(values).items()}
