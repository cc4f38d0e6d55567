"""A recipe and images small enough to pretrain on within a second, with all that a run can do."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.manifest import VitConfig
from models.pretraining.recipes import Recipe
from models.pretraining.view_spec import ViewSpec

TINY = Recipe(
    name="tiny",
    vit=VitConfig(image_size=16, patch_size=4, width=24, depth=2, heads=2),
    target=ViewSpec(size=16, scale=(0.5, 1.0)),
    anchor=ViewSpec(size=16, scale=(0.5, 1.0)),
    focal=ViewSpec(size=8, scale=(0.2, 0.5)),
    focal_views=1,
    mask_ratio=0.25,
    prototypes=8,
    queue=24,
    projection_hidden=32,
    projection_dim=16,
    batch=16,
    epochs=6,
    warmup_epochs=1,
    learning_rate=(1e-3, 5e-3, 1e-4),
    momentum=(0.9, 1.0),
    start_share=0.25,
    bf16=False,
)

# Wide enough for a GPU's fused attention; slow enough that rounding, which differs from one run on
# a GPU to the next, does not grow.
TINY_FOR_GPU = replace(
    TINY,
    vit=replace(TINY.vit, width=64),
    epochs=3,
    learning_rate=(1e-4, 5e-4, 1e-5),
    mask_per_sample=True,
)


def coloured_images(count: int = 64, size: int = 16) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Noisy images (count, 3, size, size) of four base colours, and which colour each has."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, count)
    colours = np.array([[220, 40, 40], [40, 220, 40], [40, 40, 220], [200, 200, 40]])
    noise = rng.normal(0, 25, (count, 3, size, size))
    images = colours[labels][:, :, None, None] + noise
    return images.clip(0, 255).astype(np.uint8), labels
