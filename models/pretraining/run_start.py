"""The start of a pretraining run: a new network, or the one whose checkpoint is in the folder."""

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from timm.layers.attention import Attention
from torch import nn

from models.errors import PretrainingError
from models.loaders import load_encoder, load_vit_for
from models.msn import MaskedSiameseNetwork, parameter_groups
from models.pretraining import distributed
from models.pretraining.initialisation import initialise
from models.pretraining.memory import available_bytes, plan_micro_batch, rehearse
from models.pretraining.recipe import Recipe
from models.pretraining.run_folder import Run, has_checkpoint, resume_run
from models.vit import VisionTransformer

Images = NDArray[np.uint8]
SHAPES = 64
# Images that tell one pool from another: read from the disk in less than a second.
CHECKED = 512
DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class Start:
    """How a run begins.

    device: "auto" takes a GPU where there is one. resume: go on from the folder's checkpoint,
    where there is one; else such a folder is refused. start_from: spec of an encoder whose
    weights a new run begins with.
    """

    device: str = "auto"
    seed: int = 0
    resume: bool = True
    start_from: str | None = None


def start_run(recipe: Recipe, images: Images, folder: Path, start: Start) -> Run:
    """A new run on `images`, or the one that `folder` holds.

    Raises PretrainingError on too few images, a device that is missing or too small, and a folder
    whose checkpoint is another run's; EncoderError where the encoder to start from does not fit.
    """
    check_folder(folder, start)
    steps_per_epoch, steps = count_steps(recipe, len(images))
    own_batch = distributed.part_of(recipe.batch)
    device, resuming = distributed.own_device(find_device(start.device)), has_checkpoint(folder)
    torch.manual_seed(start.seed)
    planned = plan_micro_batch(recipe, own_batch, available_bytes(device))
    network = new_network(recipe, images, device, None if resuming else start.start_from)
    run = Run(
        recipe,
        start.seed,
        len(images),
        checksum(images),
        network,
        network,
        torch.optim.AdamW(parameter_groups(network), lr=recipe.learning_rate[0], fused=True),
        steps_per_epoch,
        steps,
        # A GPU says itself when it is full; a CPU's process would be killed instead.
        micro_batch=planned if device == "cpu" else None,
    )
    if resuming:
        resume_run(folder, run)
    elif start.start_from:
        run.start_from = start.start_from
        licence = load_encoder(start.start_from)[0].licence
        run.licence = f"{run.licence}, and {start.start_from}, which it began with: {licence}"
    if distributed.size() > 1:
        check_alike(run, folder)
        # Before the rehearsal, which then finds less room by what the exchange of gradients takes.
        run.forward = distributed.parallel(network, device)
        run.micro_batch = rehearse(network, recipe, own_batch, device, run.micro_batch)
    return run


def checksum(images: Images) -> int:
    """CRC-32 of some of the images, spread evenly: tells pools of as many images apart.

    An image that is replaced by one behind all others shifts those between, and is noticed.
    """
    chosen = np.linspace(0, len(images) - 1, min(len(images), CHECKED), dtype=np.int64)
    return zlib.crc32(images[chosen].tobytes())


def check_folder(folder: Path, start: Start) -> None:
    """Raise PretrainingError where a run is there already and is not to be gone on with."""
    if has_checkpoint(folder) and not start.resume:
        raise PretrainingError(
            f"{folder} holds a run already: add --resume to go on with it, or choose another folder"
        )


def check_alike(run: Run, folder: Path) -> None:
    """Raise PretrainingError where the processes would not take the same steps."""
    for number in (run.step, run.images):
        if distributed.any_of(number != distributed.least_of(number)):
            raise PretrainingError(
                f"this process is at step {run.step} with {run.images} images, another is not: "
                f"{folder} and the images must be the same on every host"
            )


def count_steps(recipe: Recipe, images: int) -> tuple[int, int]:
    """Steps in an epoch, the last incomplete batch left out, and steps in the whole run."""
    steps_per_epoch = images // recipe.batch
    if not steps_per_epoch:
        raise PretrainingError(
            f"a pool of {images} fills no batch of {recipe.batch} images: add images, or choose a "
            "smaller batch (--set batch=N)"
        )
    return steps_per_epoch, max(1, round(recipe.epochs * steps_per_epoch))


def find_device(wanted: str) -> str:
    """What `wanted` ("auto", "cpu" or "cuda") stands for on this machine."""
    if wanted not in DEVICES:
        raise PretrainingError(f"there is no device {wanted!r}: choose {', '.join(DEVICES)}")
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    if wanted == "cuda" and not torch.cuda.is_available():
        raise PretrainingError("no CUDA device can be used here: choose --device cpu or auto")
    return wanted


def new_network(
    recipe: Recipe, images: Images, device: str, start_from: str | None = None
) -> MaskedSiameseNetwork:
    """An untrained network for `recipe`, on `device`; both encoders begin alike."""
    network = MaskedSiameseNetwork(
        recipe.vit,
        prototypes=recipe.prototypes,
        hidden=recipe.projection_hidden,
        dim=recipe.projection_dim,
        queue=recipe.queue,
        start_share=recipe.start_share,
    )
    if start_from:
        network.encoder.vit.load_state_dict(load_vit_for(recipe.vit, start_from))
    elif recipe.structured_start:
        initialise(network.encoder.vit, images, recipe.vit.heads)
    network.begin_with(network.encoder.vit)
    if torch.device(device).type == "cpu":
        use_plain_attention(network)
    else:
        compile_blocks(network.encoder.vit)
        compile_blocks(network.target_encoder.vit)
    return network.to(device)


def use_plain_attention(network: nn.Module) -> None:
    """Attention as two matrix products and a softmax.

    For this few tokens torch's fused kernel for CPUs is so slow backward that it halves the speed
    of the whole training step.
    """
    for module in network.modules():
        if isinstance(module, Attention):
            module.fused_attn = False  # type: ignore[misc]


def compile_blocks(vit: VisionTransformer) -> None:
    """Fuse each block's norms, activations and sums; all blocks share one compilation a shape.

    Only on GPUs: on a CPU core it saved 2 % of a step.
    """
    dynamo = torch._dynamo.config  # noqa: SLF001 - has no public name
    # A host without a C compiler trains all the same, slower.
    dynamo.suppress_errors = True
    # Two encoders, three kinds of views, with and without gradient, and smaller micro-batches.
    dynamo.recompile_limit = SHAPES
    # Else each block within DistributedDataParallel is cut where its buckets end; a block's
    # gradients come together anyway, while those of the blocks before it are still computed.
    dynamo.optimize_ddp = False
    for block in vit.blocks:
        block.compile(dynamic=False)
