"""What a pretraining run does, in one frozen object that can be varied by name. Torch-free."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from models.manifest import VitConfig
from models.pretraining.view_spec import ViewSpec, check_ranges

WHOLE_VIEW = ViewSpec(size=224, scale=(0.3, 1.0))
FOCAL_VIEW = ViewSpec(size=96, scale=(0.05, 0.3))
# The least and the largest value of each number that could spoil a run.
BOUNDS = {
    "anchor_views": (0, 100),
    "focal_views": (0, 100),
    "mask_ratio": (0, 0.99),
    "prototypes": (2, math.inf),
    "projection_hidden": (1, math.inf),
    "projection_dim": (1, math.inf),
    "temperature": (1e-3, 100),
    "sharpen_temperature": (1e-3, 100),
    "sinkhorn_iterations": (0, 100),
    "me_max_weight": (0, 1000),
    "prior_exponent": (0, 10),
    "queue": (0, math.inf),
    "epochs": (1e-6, 1e6),
    "warmup_epochs": (0, 1e6),
    "learning_rate": (0, 10),
    "weight_decay": (0, 10),
    "momentum": (0, 1),
    "clip": (1e-6, math.inf),
    "start_share": (0, 1),
}
# The largest of each size that may be asked for by name. What fits into a machine's memory is found
# out when a run starts; what is far beyond any would be asked of its disk and its clock before.
LARGEST = {
    "batch": 65_536,
    "prototypes": 65_536,
    "projection_hidden": 65_536,
    "projection_dim": 65_536,
    "queue": 1_000_000,
    "vit.image_size": 1_024,
    "vit.patch_size": 1_024,
    "vit.width": 8_192,
    "vit.depth": 128,
    "vit.heads": 128,
    "vit.mlp_ratio": 64,
} | {
    f"{view}.{size}": 1_024
    for view in ("target", "anchor", "focal")
    for size in ("size", "blur_radius", "blur_reference_size")
}


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a run's result besides the images and the seed.

    The defaults are the paper's. Rates and decays are (start, peak, final) or (start, final);
    momentum goes linearly from its first value to its second. `prior_exponent`: the share of the
    k-th prototype falls as k ** -exponent, 0 asks for equal shares. `queue`: how many past
    targets balance those of the batch. `start_share`: how much of the weights that the encoder
    began with is in the final ones. Raises ValueError on a value that cannot train.
    """

    name: str
    vit: VitConfig
    target: ViewSpec = WHOLE_VIEW
    anchor: ViewSpec = WHOLE_VIEW
    focal: ViewSpec = FOCAL_VIEW
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
    start_share: float = 0.0
    bf16: bool = True

    def __post_init__(self) -> None:
        if self.batch < 2:
            raise ValueError(
                f"recipe {self.name}: batch is {self.batch}; batch norm needs at least 2"
            )
        if not self.anchor_views + self.focal_views:
            raise ValueError(f"recipe {self.name}: choose at least one anchor or focal view")
        check_ranges(self, BOUNDS, f"recipe {self.name}")
        # The start's marks take up to 19 channels, and its magnitudes two hidden units each.
        if self.structured_start and (self.vit.width < 24 or self.vit.mlp_ratio < 2):
            raise ValueError(
                f"recipe {self.name}: structured_start takes a vit.width of 24 or more and a "
                "vit.mlp_ratio of 2 or more; choose these, or structured_start=false"
            )
        for view in (self.target, self.anchor, self.focal):
            self._check_size(view.size)

    def _check_size(self, size: int) -> None:
        patch = self.vit.patch_size
        if size < patch:
            raise ValueError(
                f"recipe {self.name}: views of {size} px hold no patch of {patch} px; "
                "choose larger views or a smaller patch"
            )
        if size % patch:
            fitting = size // patch * patch
            raise ValueError(
                f"recipe {self.name}: views of {size} px are no multiple of a patch of {patch} px; "
                f"choose {fitting} or {fitting + patch} px"
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a log or a manifest."""
        return asdict(self)


GROUPS: dict[str, type] = {
    "vit": VitConfig,
    "target": ViewSpec,
    "anchor": ViewSpec,
    "focal": ViewSpec,
}
OWNERS = {"": Recipe} | GROUPS
KINDS = {int: "a whole number", float: "a number", bool: "true or false"}


def vary(recipe: Recipe, settings: Mapping[str, str]) -> Recipe:
    """`recipe` with some values replaced, each given as text under its field's name.

    Parts of the encoder and of a view follow a dot, several numbers are parted by commas:
    {"mask_ratio": "0.3", "vit.depth": "6", "momentum": "0.99,1"}. Raises ValueError on an unknown
    name and on a value that is of another kind, too large or cannot train.
    """
    values = recipe.to_dict()
    for name, text in settings.items():
        group, _, field = name.rpartition(".")
        known = _settable(OWNERS[group]) if group in OWNERS else {}
        if field not in known:
            raise ValueError(f"there is no setting {name!r}; {_choice(group)}")
        place = values[group] if group else values
        place[field] = _read(name, text, known[field])
        _check_size(name, place[field])
    return from_dict(values)


def from_dict(values: Mapping[str, Any]) -> Recipe:
    """The recipe whose `to_dict` is `values`; what they lack is as it was before.

    Raises ValueError where they are no recipe's, or one's that cannot train.
    """
    try:
        groups = {name: kind(**values[name]) for name, kind in GROUPS.items() if name in values}
        recipe = Recipe(**{**values, **groups})
        return TypeAdapter(Recipe).validate_python(recipe.to_dict())
    # A tensor in a number's place raises RuntimeError where it is compared.
    except (TypeError, AttributeError, ArithmeticError, RuntimeError, ValidationError) as error:
        raise ValueError(f"this is no recipe: {error}") from error


def _choice(group: str) -> str:
    """What can be set in the group that was meant, or else at all."""
    meant = group if group in OWNERS else ""
    names = [f"{meant}.{field}" if meant else field for field in _settable(OWNERS[meant])]
    parts = "" if meant else f", or a part of {', '.join(GROUPS)}, such as vit.depth"
    return f"choose one of {', '.join(names)}{parts}"


def _settable(owner: type) -> dict[str, Any]:
    """Fields and their types that can be given as text."""
    hints = get_type_hints(owner)
    return {name: kind for name, kind in hints.items() if kind is not str and name not in GROUPS}


def _read(name: str, text: str, kind: Any) -> Any:
    raw: Any = text.split(",") if get_origin(kind) is tuple else text.strip()
    if isinstance(kind, UnionType) and raw == "none":
        return None
    try:
        return TypeAdapter(kind).validate_python(raw)
    except ValidationError as error:
        raise ValueError(f"{name} takes {_in_words(kind)}, not {text!r}") from error


def _check_size(name: str, value: Any) -> None:
    numbers = value if isinstance(value, tuple) else (value,)
    if name in LARGEST and any(number is not None and number > LARGEST[name] for number in numbers):
        raise ValueError(f"{name} is {value}; choose {LARGEST[name]} or less")


def _in_words(kind: Any) -> str:
    if get_origin(kind) is tuple:
        return f"{len(get_args(kind))} numbers parted by commas"
    if isinstance(kind, UnionType):
        return f"{KINDS[get_args(kind)[0]]} or none"
    return KINDS[kind]
