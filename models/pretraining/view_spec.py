"""How one kind of view is drawn, in numbers. Torch-free, so that recipes can be listed anywhere."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

# The least and the largest value of each number that could spoil a view.
BOUNDS = {
    "aspect": (0.01, 100),
    "flip": (0, 1),
    "jitter": (0, 1),
    "brightness": (0, 1),
    "contrast": (0, 1),
    "saturation": (0, 1),
    "hue": (0, 0.5),
    "grey": (0, 1),
    "blur": (0, 1),
    "blur_radius": (0, math.inf),
}


@dataclass(frozen=True)
class ViewSpec:
    """How one kind of view is drawn. Scales are shares of the image's area, hue of a full turn.

    blur_radius: in pixels of a view of `blur_reference_size`, and in proportion for other sizes;
    None: in pixels of every view, as in the paper.
    """

    size: int
    scale: tuple[float, float]
    aspect: tuple[float, float] = (3 / 4, 4 / 3)
    flip: float = 0.5
    jitter: float = 0.8
    brightness: float = 0.4
    contrast: float = 0.4
    saturation: float = 0.4
    hue: float = 0.1
    grey: float = 0.2
    blur: float = 0.5
    blur_radius: tuple[float, float] = (0.1, 2.0)
    blur_reference_size: int | None = None

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError(f"a view's size is {self.size}; choose at least 1 px")
        if self.blur_reference_size is not None and self.blur_reference_size < 1:
            raise ValueError(
                f"a view's blur_reference_size is {self.blur_reference_size}; choose at least 1 px "
                "or none"
            )
        low, high = self.scale
        if not 0 < low <= high <= 1:
            raise ValueError(f"a view's scale is {self.scale}; choose 0 < low <= high <= 1")
        check_ranges(self, BOUNDS, "a view")


def check_ranges(owner: object, bounds: Mapping[str, tuple[float, float]], what: str) -> None:
    """Raise ValueError where a number of `owner`, or one of several, is out of its bounds."""
    for name, (least, largest) in bounds.items():
        value = getattr(owner, name)
        numbers = value if isinstance(value, tuple) else (value,)
        if not all(least <= number <= largest for number in numbers):
            raise ValueError(f"{what}: {name} is {value}; choose from {least:g} to {largest:g}")
