"""What a pretraining run does, in one frozen object, and the named presets."""

from dataclasses import asdict, dataclass
from typing import Any

from models.manifest import VitConfig
from models.view_spec import ViewSpec


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a run's result besides the images and the seed.

    The defaults are the paper's. Rates and decays are (start, peak, final) or (start, final);
    momentum goes linearly from its first value to its second. `prior_exponent`: the share of the
    k-th largest prototype falls as k ** -exponent, 0 asks for equal shares. `queue`: how many past
    targets balance those of the batch.
    """

    name: str
    vit: VitConfig
    target: ViewSpec
    anchor: ViewSpec
    focal: ViewSpec
    description: str = ""
    anchor_views: int = 1
    focal_views: int = 10
    mask_ratio: float = 0.15
    mask_per_sample: bool = False
    prototypes: int = 1024
    projection_hidden: int = 2048
    projection_dim: int = 256
    temperature: float = 0.1
    sharpen_temperature: float = 0.25
    sinkhorn_iterations: int = 3
    me_max_weight: float = 1.0
    prior_exponent: float = 0.0
    queue: int = 0
    batch: int = 1024
    epochs: float = 800
    warmup_epochs: float = 15
    learning_rate: tuple[float, float, float] = (2e-4, 1e-3, 1e-6)
    weight_decay: tuple[float, float] = (0.04, 0.4)
    momentum: tuple[float, float] = (0.996, 1.0)
    clip: float = 3.0
    structured_start: bool = False
    bf16: bool = True

    def __post_init__(self) -> None:
        if self.batch < 2:
            raise ValueError(
                f"recipe {self.name}: batch is {self.batch}; batch norm needs at least 2"
            )
        for view in (self.target, self.anchor, self.focal):
            if view.size < self.vit.patch_size:
                raise ValueError(
                    f"recipe {self.name}: views of {view.size} px hold no patch of "
                    f"{self.vit.patch_size} px; choose larger views or a smaller patch"
                )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a log or a manifest."""
        return asdict(self)


VIT_S16 = Recipe(
    name="vit-s16",
    vit=VitConfig(image_size=224, patch_size=16, width=384, depth=12, heads=6),
    target=ViewSpec(size=224, scale=(0.3, 1.0)),
    anchor=ViewSpec(size=224, scale=(0.3, 1.0)),
    focal=ViewSpec(size=96, scale=(0.05, 0.3)),
)
# Under an hour on two CPU cores: a shallow network that starts structured, small views, a strong
# mask, and no more prototypes than a batch of this size can balance. In so few steps the paper's
# small crops teach less than larger ones. Blur shrinks with the views: two pixels, mild at 224,
# would leave little to see at 32.
CPU_64 = Recipe(
    name="cpu-64",
    vit=VitConfig(image_size=64, patch_size=8, width=192, depth=4, heads=3),
    target=ViewSpec(size=48, scale=(0.6, 1.0), blur_reference_size=224),
    anchor=ViewSpec(size=48, scale=(0.6, 1.0), blur_reference_size=224),
    focal=ViewSpec(size=32, scale=(0.25, 0.6), blur_reference_size=224),
    focal_views=1,
    mask_ratio=0.5,
    mask_per_sample=True,
    prototypes=256,
    projection_hidden=1024,
    batch=128,
    epochs=3.2,
    warmup_epochs=0.1,
    learning_rate=(1e-4, 6e-4, 1e-6),
    structured_start=True,
    momentum=(0.99, 1.0),
)
PRESETS = {recipe.name: recipe for recipe in (VIT_S16, CPU_64)}


def preset(name: str) -> Recipe:
    """The preset called `name`; vary it with dataclasses.replace."""
    if name not in PRESETS:
        raise ValueError(f"there is no preset {name!r}; choose one of {', '.join(PRESETS)}")
    return PRESETS[name]
