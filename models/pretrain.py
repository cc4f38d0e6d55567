"""Pretraining with Masked Siamese Networks on one device, from images in memory to an encoder."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from timm.layers.attention import Attention
from torch import Tensor, nn

from models.initialisation import initialise
from models.msn import MaskedSiameseNetwork, parameter_groups
from models.probes import knn_probe
from models.recipes import Recipe
from models.run_folder import Record, Run, append_record, resume_run, save_run
from models.train_step import step_generator, step_values, summarise, train_step

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Intervals:
    """How often a run reports its loss, saves itself and probes its features."""

    log_steps: int = 20
    checkpoint_seconds: float = 120.0
    probe_seconds: float = 600.0


def pretrain(
    recipe: Recipe,
    images: Images,
    out_folder: Path,
    *,
    labels: Labels | None = None,
    device: str = "cpu",
    seed: int = 0,
    intervals: Intervals = Intervals(),
    on_record: Callable[[Record], None] | None = None,
) -> MaskedSiameseNetwork:
    """Train on uint8 images (n, 3, H, W) and return the network.

    The features to use are those of its target encoder. `out_folder` receives a log of JSON lines
    and a checkpoint every now and then; a run that finds one there goes on from it, to the same
    result. `labels` (n,) serve a kNN probe alone. `on_record` is given each line of the log.
    Raises ValueError if the images fill no batch, or the checkpoint is of another recipe.
    """
    steps_per_epoch, steps = count_steps(recipe, len(images))
    run = start_run(recipe, images, out_folder, device, seed)
    began = time.monotonic() - run.seconds
    saved = probed = time.monotonic()
    while run.step < steps:
        batch = load_batch(images, run.step, recipe.batch, seed).to(device)
        values = step_values(recipe, run.step, steps, steps_per_epoch)
        loss = train_step(run, batch, values, step_generator(device, seed, run.step))
        run.step += 1
        now, last = time.monotonic(), run.step == steps
        run.seconds = now - began
        record: Record = {}
        if last or run.step % intervals.log_steps == 0:
            record |= summarise(loss, values)
        if labels is not None and (last or now - probed > intervals.probe_seconds):
            record["knn"] = round(knn_probe(run.network.target_encoder.vit, images, labels), 4)
            probed = time.monotonic()
        if record:
            record = {"step": run.step, "steps": steps, "seconds": round(run.seconds, 1)} | record
            append_record(out_folder, record)
            if on_record is not None:
                on_record(record)
        if last or now - saved > intervals.checkpoint_seconds:
            save_run(out_folder, run)
            saved = time.monotonic()
    return run.network


def count_steps(recipe: Recipe, images: int) -> tuple[int, int]:
    """Steps in an epoch, the last incomplete batch left out, and steps in the whole run."""
    steps_per_epoch = images // recipe.batch
    if not steps_per_epoch:
        raise ValueError(
            f"{images} images fill no batch of {recipe.batch}; add images or choose a smaller batch"
        )
    return steps_per_epoch, max(1, round(recipe.epochs * steps_per_epoch))


def start_run(recipe: Recipe, images: Images, out_folder: Path, device: str, seed: int) -> Run:
    """A new run, or the one whose checkpoint is in `out_folder`."""
    out_folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    network = new_network(recipe, images, device)
    optimizer = torch.optim.AdamW(parameter_groups(network), lr=recipe.learning_rate[0], fused=True)
    run = Run(recipe, seed, network, optimizer)
    resume_run(out_folder, run)
    return run


def new_network(recipe: Recipe, images: Images, device: str) -> MaskedSiameseNetwork:
    """An untrained network for `recipe`, on `device`; both encoders begin alike."""
    network = MaskedSiameseNetwork(
        recipe.vit,
        prototypes=recipe.prototypes,
        hidden=recipe.projection_hidden,
        dim=recipe.projection_dim,
    )
    if recipe.structured_start:
        initialise(network.encoder.vit, images, recipe.vit.heads)
        network.target_encoder.load_state_dict(network.encoder.state_dict())
    if torch.device(device).type == "cpu":
        use_plain_attention(network)
    return network.to(device)


def use_plain_attention(network: nn.Module) -> None:
    """Attention as two matrix products and a softmax.

    For this few tokens torch's fused kernel for CPUs is so slow backward that it halves the speed
    of the whole training step.
    """
    for module in network.modules():
        if isinstance(module, Attention):
            module.fused_attn = False  # type: ignore[misc]


def load_batch(images: Images, step: int, batch: int, seed: int) -> Tensor:
    """The images of one step, uint8 (batch, 3, H, W): a new permutation each epoch."""
    epoch, position = divmod(step, len(images) // batch)
    order = np.random.default_rng((seed, epoch)).permutation(len(images))
    chosen = np.sort(order[position * batch : (position + 1) * batch])
    return torch.from_numpy(images[chosen])
