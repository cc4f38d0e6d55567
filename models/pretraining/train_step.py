"""One update of a pretraining run: views, loss, gradient, and what the schedules say."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.errors import PretrainingError
from models.masking import sample_mask
from models.momentum import update_target
from models.msn import Views
from models.msn_loss import MsnLoss, msn_loss, power_law_prior
from models.pretraining import distributed
from models.pretraining.memory import patches, within_memory
from models.pretraining.recipe import Recipe
from models.pretraining.run_folder import Run
from models.pretraining.view_spec import ViewSpec
from models.pretraining.views import make_views
from models.schedules import cosine, linear, warmup_cosine


@dataclass(frozen=True)
class StepValues:
    """What the schedules give for one step."""

    learning_rate: float
    weight_decay: float
    momentum: float


@dataclass(frozen=True)
class StepResult:
    """What a step gives to look at: its loss, the gradient before the clip, its values."""

    loss: MsnLoss
    gradient_norm: Tensor
    values: StepValues


def train_step(run: Run, images: Tensor, values: StepValues) -> StepResult:
    """One update of anchor encoder and prototypes by gradient, and of the target by momentum.

    `images` are this process's part of the batch, uint8 (b, 3, H, W) on the run's device. Where
    memory runs out, the step is repeated in micro-batches, which the run then keeps.
    """
    loss, run.micro_batch = within_memory(
        lambda micro_batch: compute_gradient(run, images, micro_batch),
        run.micro_batch,
        run.recipe,
        len(images),
    )
    # The prototypes stay outside the clip, as in the paper's code.
    norm = nn.utils.clip_grad_norm_(run.network.encoder.parameters(), run.recipe.clip)
    for group in run.optimizer.param_groups:
        group["lr"] = values.learning_rate
        group["weight_decay"] = values.weight_decay if group["decays"] else 0.0
    run.optimizer.step()
    update_target(run.network.target_encoder, run.network.encoder, values.momentum)
    return StepResult(loss, norm, values)


def compute_gradient(run: Run, images: Tensor, micro_batch: int | None) -> MsnLoss:
    """The loss of the whole batch, its gradient left in the network's parameters."""
    recipe, network = run.recipe, run.network
    draw = Drawing(recipe, images, step_generator(run))
    run.optimizer.zero_grad()
    with torch.autocast(images.device.type, torch.bfloat16, enabled=recipe.bf16):
        anchors, targets = run.forward(draw.target_views(), draw.anchor_views(), micro_batch)
    # In full precision, so that the sum of all processes' gradients loses nothing.
    targets = distributed.gather(targets.float())
    loss = msn_loss(
        gather_views(anchors.float(), len(images)),  # (views x batch, dim)
        targets,  # (batch, dim)
        network.prototypes,  # (K, dim)
        temperature=recipe.temperature,
        sharpen_temperature=recipe.sharpen_temperature,
        sinkhorn_iterations=recipe.sinkhorn_iterations,
        me_max_weight=recipe.me_max_weight,
        prior=power_law_prior(recipe.prototypes, recipe.prior_exponent, images.device),
        queued_targets=network.queue.stored() if network.queue else None,
    )
    loss.total.backward()
    if network.queue:
        network.queue.push(targets)
    return loss


def gather_views(anchors: Tensor, images: int) -> Tensor:
    """All processes' anchors, view after view: their parts (views x images, dim) interleaved."""
    by_view: Tensor = anchors.unflatten(0, (-1, images))  # (views, images, dim)
    return distributed.gather(by_view, dim=1).flatten(0, 1)


class Drawing:
    """Random views and masks of this process's part (b, 3, H, W) of a batch.

    Numbers are drawn for the whole batch, so that they do not depend on how many share it.
    """

    def __init__(self, recipe: Recipe, images: Tensor, generator: torch.Generator) -> None:
        self._recipe, self._images, self._generator = recipe, images, generator

    def target_views(self) -> Tensor:
        """One whole view an image."""
        return self._views(self._recipe.target, 1)

    def anchor_views(self) -> list[Views]:
        """Masked random views, then whole focal views; views of one size share a forward pass."""
        recipe, groups = self._recipe, list[Views]()
        if recipe.anchor_views:
            groups.append((self._views(recipe.anchor, recipe.anchor_views), self.anchor_mask()))
        if recipe.focal_views:
            groups.append((self._views(recipe.focal, recipe.focal_views), None))
        return groups

    def anchor_mask(self) -> Tensor:
        """Patches that the anchors keep: one permutation for all, or one for each."""
        recipe, own, world = self._recipe, len(self._images), distributed.size()
        count = patches(recipe, recipe.anchor)
        rows = recipe.anchor_views * world * own if recipe.mask_per_sample else 1
        mask = sample_mask(count, recipe.mask_ratio, rows=rows, generator=self._generator)
        if not recipe.mask_per_sample:
            return mask
        parts: Tensor = mask.unflatten(0, (recipe.anchor_views, world, own))
        return parts[:, distributed.rank()].flatten(0, 1)

    def _views(self, spec: ViewSpec, count: int) -> Tensor:
        rank, world = distributed.rank(), distributed.size()
        return torch.cat(
            [
                make_views(self._images, spec, self._generator, rank=rank, world=world)
                for _ in range(count)
            ]
        )


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


def step_generator(run: Run) -> torch.Generator:
    """Random numbers that depend on seed and step alone, so that a resumed run draws the same."""
    return torch.Generator(run.device).manual_seed((run.seed << 32) + run.step)


class Health:
    """Finds a loss or gradient that is no number without making each step wait for the device."""

    def __init__(self) -> None:
        self._steps: list[int] = []
        self._numbers: list[Tensor] = []

    def add(self, step: int, result: StepResult) -> None:
        """Remember one step."""
        self._steps.append(step)
        self._numbers.append(torch.stack([result.loss.total.detach(), result.gradient_norm]))

    def check(self) -> None:
        """Raise PretrainingError if a step since the last check was not finite."""
        numbers = torch.stack(self._numbers).tolist() if self._numbers else []
        for step, (loss, norm) in zip(self._steps, numbers, strict=True):
            if not math.isfinite(loss + norm):
                raise PretrainingError(
                    f"at step {step} the loss became {loss} and its gradient {norm}. The last "
                    "checkpoint from before is kept: start anew with a lower learning rate "
                    "(--set learning_rate=...), or with --set bf16=false"
                )
        self._steps.clear()
        self._numbers.clear()
