"""Memory of a pretraining step: what it needs, what there is, and what to do when it runs out.

Only the vision transformer's activations grow with the views that it takes at once, and they can
be computed in micro-batches with the same result. Weights, optimiser and the views' pixels cannot.
"""

import gc
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch

from models.errors import PretrainingError
from models.masking import kept_patches
from models.msn import MaskedSiameseNetwork, Views
from models.pretraining import distributed
from models.pretraining.recipe import Recipe
from models.pretraining.view_spec import ViewSpec

T = TypeVar("T")

FLOAT = 4
# Weight, gradient and two averages of AdamW for what learns; the target's weight besides.
WEIGHT_FLOATS = 5
# Floats that a block keeps a token for its gradient, in token widths: two norms, query, key and
# value, attention's result and projection, the MLP's two inner and one outer layers, two sums.
BLOCK_FLOATS = 18
ATTENTION_FLOATS = 2
# Floats that the head keeps a view, in hidden widths, and the loss, in prototypes and in doubles.
HEAD_FLOATS = 16
LOSS_FLOATS = 12
GIBIBYTE = 2**30
# For the kernels' workspaces, and what lies between other things.
SPARE_BYTES = GIBIBYTE
# What torch says of itself, and of oneDNN.
CPU_OUT_OF_MEMORY = ("can't allocate memory", "could not create a primitive")


def views_at_once(recipe: Recipe, batch: int) -> int:
    """The most views of `batch` images that the encoder gets in one call."""
    return batch * max(1, recipe.anchor_views, recipe.focal_views)


def fixed_bytes(recipe: Recipe, batch: int) -> int:
    """What no micro-batch can make smaller: weights, optimiser, and the views of `batch` images."""
    vit = recipe.vit
    block = int((4 + 2 * vit.mlp_ratio) * vit.width**2)
    head = recipe.projection_hidden * (vit.width + recipe.projection_hidden + recipe.projection_dim)
    weights = vit.depth * block + head + recipe.prototypes * recipe.projection_dim
    counts = ((recipe.target, 1), (recipe.anchor, recipe.anchor_views))
    pixels = sum(n * 3 * view.size**2 for view, n in (*counts, (recipe.focal, recipe.focal_views)))
    return FLOAT * (WEIGHT_FLOATS * weights + batch * pixels)


def activation_bytes(recipe: Recipe, tokens: int) -> int:
    """What the gradient of one view of so many tokens keeps of the vision transformer, at most."""
    vit = recipe.vit
    floats = BLOCK_FLOATS * vit.width + ATTENTION_FLOATS * vit.heads * tokens
    return FLOAT * vit.depth * tokens * floats


def beside_bytes(recipe: Recipe, batch: int) -> int:
    """What heads, loss and kernels take besides, with `batch` images of each process's own."""
    views = batch * (recipe.anchor_views + recipe.focal_views)
    head = views * HEAD_FLOATS * recipe.projection_hidden
    loss = views * distributed.size() * LOSS_FLOATS * recipe.prototypes
    return FLOAT * (head + loss) + SPARE_BYTES


def view_tokens(recipe: Recipe) -> list[tuple[int, int]]:
    """How many anchor views of each kind an image has, and the tokens of one, CLS included."""
    masked = 1 + kept_patches(patches(recipe, recipe.anchor), recipe.mask_ratio)
    whole = 1 + patches(recipe, recipe.focal)
    kinds = ((recipe.anchor_views, masked), (recipe.focal_views, whole))
    return [(count, tokens) for count, tokens in kinds if count]


def patches(recipe: Recipe, view: ViewSpec) -> int:
    """Patches of a whole view."""
    return int((view.size // recipe.vit.patch_size) ** 2)


def plan_micro_batch(recipe: Recipe, batch: int, available: int | None) -> int | None:
    """Views to take at once so that a step fits `available` bytes; None: all of them.

    Raises PretrainingError where not even one fits.
    """
    if available is None:
        return None
    kinds = view_tokens(recipe)
    free = available - fixed_bytes(recipe, batch)
    one = max(activation_bytes(recipe, tokens) for _, tokens in kinds)
    if free < one:
        needed = available - free + one
        raise PretrainingError(
            f"{recipe.name} with a batch of {batch} needs {needed / GIBIBYTE:.1f} GB of memory at "
            f"least, and {available / GIBIBYTE:.1f} GB are free: choose a smaller preset, a "
            "smaller batch, or a larger device"
        )
    together = batch * sum(count * activation_bytes(recipe, tokens) for count, tokens in kinds)
    return None if free >= together else min(free // one, views_at_once(recipe, batch))


def available_bytes(device: str) -> int | None:
    """Free memory of a device, of the CPU's a process's part; None where it does not say."""
    if device.startswith("cuda"):
        held = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + held
    free = _first_number(Path("/proc/meminfo"), "MemAvailable:")
    limit = _first_number(Path("/sys/fs/cgroup/memory.max"))
    known = [n for n in (free * 1024 if free else None, limit) if n is not None]
    return min(known) // distributed.neighbours() if known else None


def _first_number(path: Path, after: str = "") -> int | None:
    """The number that follows `after` in a file of the kernel, None where there is none."""
    try:
        words = path.read_text().partition(after)[2].split() if after else path.read_text().split()
    except OSError:
        return None
    return int(words[0]) if words and words[0].isdigit() else None


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether a device or the machine had no memory left; the CPU has no class of error for it."""
    if isinstance(error, torch.OutOfMemoryError):
        return True
    return any(words in str(error) for words in CPU_OUT_OF_MEMORY)


def halved(micro_batch: int | None, recipe: Recipe, batch: int) -> int:
    """The next smaller micro-batch; raises PretrainingError below one view."""
    smaller = (micro_batch or views_at_once(recipe, batch)) // 2
    if smaller:
        return smaller
    raise PretrainingError(
        f"out of memory, even with one view at a time: {recipe.name} with a batch of {batch} does "
        "not fit this device; choose a smaller preset, a smaller batch, or a larger device"
    )


def within_memory(
    attempt: Callable[[int | None], T], micro_batch: int | None, recipe: Recipe, batch: int
) -> tuple[T, int | None]:
    """The result of `attempt`, and the micro-batch that it fitted with, halved until it did."""
    while True:
        try:
            return attempt(micro_batch), micro_batch
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            micro_batch = halved(micro_batch, recipe, batch)
        # Only here is the failed attempt forgotten, with all that its traceback held.
        gc.collect()
        torch.cuda.empty_cache()


def rehearse(
    network: MaskedSiameseNetwork, recipe: Recipe, batch: int, device: str, planned: int | None
) -> int | None:
    """The micro-batch that fits every process, found before they depend on each other.

    It starts with the one `planned`.

    A process that runs out of memory in the middle of a step would leave the others waiting. What
    only a step of all can allocate has its room here as well, and torch keeps the memory, so that
    images on the GPU take none of it.
    """
    largest = views_at_once(recipe, batch)
    learned = [p for p in network.parameters() if p.requires_grad]

    def attempt(micro_batch: int | None) -> None:
        averages = [torch.empty_like(p) for p in learned for _ in range(2)]  # AdamW's
        room = torch.empty(beside_bytes(recipe, batch), dtype=torch.uint8, device=device)
        features = [
            network.encoder.features(images, None, micro_batch)
            for images, _ in blank_views(recipe, batch, device)
        ]
        torch.stack([f.float().sum() for f in features]).sum().backward()
        del averages, room

    with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=recipe.bf16):
        _, fitting = within_memory(attempt, planned, recipe, batch)
    network.zero_grad()
    least = distributed.least_of(fitting or largest)
    return None if least == largest else least


def blank_views(recipe: Recipe, batch: int, device: str) -> list[Views]:
    """Anchor views of the sizes of a real step's, all of them whole."""
    sizes = ((recipe.anchor, recipe.anchor_views), (recipe.focal, recipe.focal_views))
    return [
        (torch.zeros(count * batch, 3, view.size, view.size, device=device), None)
        for view, count in sizes
        if count
    ]
