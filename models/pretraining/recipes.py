"""The named presets of pretraining: the paper's, and small ones for one GPU and for a CPU."""

from dataclasses import replace

from models.manifest import VitConfig
from models.pretraining.recipe import Recipe, vary
from models.pretraining.view_spec import ViewSpec

__all__ = ["PRESETS", "Recipe", "preset", "vary"]


def _views(size: int, *, scale: tuple[float, float], blur_as_at: int | None = None) -> ViewSpec:
    return ViewSpec(size=size, scale=scale, blur_reference_size=blur_as_at)


def _gentle(views: ViewSpec) -> ViewSpec:
    """Colours that stay near what they were: of materials and garments they tell much."""
    return replace(
        views, jitter=0.6, brightness=0.3, contrast=0.3, saturation=0.2, hue=0.03, grey=0.05
    )


VIT_S16 = Recipe(
    name="vit-s16",
    description="The paper's ViT-S/16: 224 px, made for 16 GPUs and more than a million images",
    vit=VitConfig(image_size=224, patch_size=16, width=384, depth=12, heads=6),
)
VIT_B16 = Recipe(
    name="vit-b16",
    description="The paper's ViT-B/16: 224 px, for a cluster; masks 30 %",
    vit=VitConfig(image_size=224, patch_size=16, width=768, depth=12, heads=12),
    mask_ratio=0.3,
    epochs=600,
)
VIT_L16 = Recipe(
    name="vit-l16",
    description="The paper's ViT-L/16: 224 px, for a cluster; masks 70 %",
    vit=VitConfig(image_size=224, patch_size=16, width=1024, depth=24, heads=16),
    mask_ratio=0.7,
    epochs=600,
)
VIT_B4 = Recipe(
    name="vit-b4",
    description="The paper's ViT-B/4: 3136 patches of 4 px, for a large cluster; masks 70 %",
    vit=VitConfig(image_size=224, patch_size=4, width=768, depth=12, heads=12),
    mask_ratio=0.7,
    epochs=300,
)
# 96 px are no multiple of 7: the nearest size that loses no pixel.
VIT_L7 = Recipe(
    name="vit-l7",
    description="The paper's ViT-L/7: 1024 patches of 7 px, for a large cluster; masks 70 %",
    vit=VitConfig(image_size=224, patch_size=7, width=1024, depth=24, heads=16),
    mask_ratio=0.7,
    epochs=200,
    focal=_views(98, scale=(0.05, 0.3)),
)
# A quarter of the paper's batch: the rate falls with its root, as suits Adam; the momentum's
# distance from 1 falls with it, so that the target averages over as many images; a queue fills
# the rows that Sinkhorn misses. Sixteen GPUs draw sixteen masks a step, one GPU one for each image.
VIT_S16_1GPU = Recipe(
    name="vit-s16-1gpu",
    description="ViT-S/16 at 224 px on one GPU of 24 GB or more; 100,000 images or more",
    vit=VitConfig(image_size=224, patch_size=16, width=384, depth=12, heads=6),
    mask_per_sample=True,
    queue=768,
    batch=256,
    epochs=100,
    warmup_epochs=10,
    learning_rate=(1e-4, 5e-4, 1e-6),
    momentum=(0.999, 1.0),
)
# Small pictures hold less in a small crop, so focal views take more of them. Half the paper's batch
# and half its prototypes: as many rows for each prototype.
VIT_TI8_64 = Recipe(
    name="vit-ti8-64",
    description="ViT-Ti/8 at 64 px on one GPU; small pictures, 10,000 or more",
    vit=VitConfig(image_size=64, patch_size=8, width=192, depth=12, heads=3),
    target=_views(64, scale=(0.3, 1.0), blur_as_at=224),
    anchor=_views(64, scale=(0.3, 1.0), blur_as_at=224),
    focal=_views(32, scale=(0.1, 0.4), blur_as_at=224),
    focal_views=6,
    mask_ratio=0.3,
    mask_per_sample=True,
    prototypes=512,
    batch=512,
    epochs=200,
    warmup_epochs=10,
    learning_rate=(1e-4, 7e-4, 1e-6),
    momentum=(0.998, 1.0),
)
# Half an hour on a CPU: a shallow network that starts structured, small views, a strong mask, and
# no more prototypes than a batch of this size can balance. In so few steps the paper's small crops
# and strong colours teach less than gentle ones. Blur shrinks with the views: two pixels, mild at
# 224, would leave little to see at 32. What stands in the start is soon forgotten, so
# some of it is kept: see "What a CPU can teach" in docs/pretraining.md.
CPU_64 = Recipe(
    name="cpu-64",
    description="A shallow ViT at 64 px on a CPU, 100,000 images in half an hour; from 1,000",
    vit=VitConfig(image_size=64, patch_size=8, width=192, depth=4, heads=6),
    target=_gentle(_views(48, scale=(0.6, 1.0), blur_as_at=224)),
    anchor=_gentle(_views(48, scale=(0.6, 1.0), blur_as_at=224)),
    focal=_gentle(_views(32, scale=(0.25, 0.6), blur_as_at=224)),
    focal_views=1,
    mask_ratio=0.5,
    mask_per_sample=True,
    prototypes=256,
    projection_hidden=512,
    batch=128,
    epochs=8,
    warmup_epochs=0.06,
    learning_rate=(5e-5, 4e-4, 1e-6),
    structured_start=True,
    start_share=0.5,
    momentum=(0.99, 1.0),
)
# A minute on a laptop for a few hundred images: to try things out. The structured start is a
# teacher in itself: a target that follows quickly forgets it before the anchors have learnt it.
# More prototypes than a batch has images taught more, with a queue that balances them.
CPU_32 = Recipe(
    name="cpu-32",
    description="A tiny ViT at 32 px on a CPU, a minute for 500 images: to try things out",
    vit=VitConfig(image_size=32, patch_size=8, width=96, depth=2, heads=3),
    target=_views(32, scale=(0.6, 1.0), blur_as_at=224),
    anchor=_views(32, scale=(0.6, 1.0), blur_as_at=224),
    focal=_views(16, scale=(0.25, 0.6), blur_as_at=224),
    focal_views=1,
    mask_ratio=0.5,
    mask_per_sample=True,
    prototypes=256,
    projection_hidden=256,
    projection_dim=64,
    queue=224,
    batch=32,
    epochs=40,
    warmup_epochs=2,
    learning_rate=(1e-4, 1e-3, 1e-6),
    structured_start=True,
    momentum=(0.998, 1.0),
    bf16=False,
)
PRESETS = {
    recipe.name: recipe
    for recipe in (
        *(VIT_S16, VIT_B16, VIT_L16, VIT_B4, VIT_L7),
        *(VIT_S16_1GPU, VIT_TI8_64),
        *(CPU_64, CPU_32),
    )
}


def preset(name: str) -> Recipe:
    """The preset called `name`; see `vary` for other values."""
    if name not in PRESETS:
        raise ValueError(f"there is no preset {name!r}; choose one of {', '.join(PRESETS)}")
    return PRESETS[name]
