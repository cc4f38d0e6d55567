"""What an encoder is, in words and numbers: the `manifest.json` of its folder. Torch-free."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from models.errors import EncoderError
from models.transforms import EvaluationTransform

MANIFEST_FILE = "manifest.json"
WEIGHTS_FILE = "model.safetensors"
ONNX_FILE = "model.onnx"
# Beyond any ViT: a file that asks for more would fill the memory before its weights are looked at.
LARGEST_SIZE, DEEPEST = 65_536, 256
# Under this key a file in another layout carries the manifest of the encoder inside it.
MANIFEST_KEY = "handful"

Norm = Literal["pre", "post"]


@dataclass(frozen=True)
class VitConfig:
    """A plain vision transformer; sizes in pixels (images are square), widths in channels."""

    image_size: int
    patch_size: int
    width: int
    depth: int
    heads: int
    mlp_ratio: float = 4.0
    norm_eps: float = 1e-6

    def __post_init__(self) -> None:
        sizes = self.image_size, self.patch_size, self.width, self.heads
        if min(*sizes, self.depth) < 1:
            raise ValueError(f"every size of a ViT must be at least 1: {self}")
        if max(sizes) > LARGEST_SIZE or self.depth > DEEPEST:
            raise ValueError(
                f"a ViT has at most {DEEPEST} blocks, and no size above {LARGEST_SIZE}: {self}"
            )
        if self.image_size % self.patch_size:
            raise ValueError(
                f"image size {self.image_size} is no multiple of patch size {self.patch_size}"
            )
        if self.width % self.heads:
            raise ValueError(f"width {self.width} is no multiple of {self.heads} heads")
        hidden = self.width * self.mlp_ratio
        if not 1 <= hidden < 64 * LARGEST_SIZE or not 0 < self.norm_eps < math.inf:
            raise ValueError(
                f"MLP ratio and LayerNorm eps of a ViT must be above 0, and no MLP so wide: {self}"
            )


class Feature(BaseModel):
    """Which vector describes an image: the CLS token before or after the final LayerNorm."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    layer: Literal["last"] = "last"
    token: Literal["cls"] = "cls"  # noqa: S105 - no password
    norm: Norm


class Manifest(BaseModel):
    """An encoder: where it comes from, how it sees an image, which feature it gives.

    `training` says data, recipe and time; `probes` holds measured figures; `notice` is a
    sentence that whoever uses the encoder should read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    name: str = Field(min_length=1)
    encoder_id: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    source: str
    licence: str
    architecture: VitConfig
    transform: EvaluationTransform
    feature: Feature
    dimension: int
    training: dict[str, Any] = {}
    probes: dict[str, Any] = {}
    notice: str | None = None

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "Manifest":
        if self.dimension != self.architecture.width:
            raise ValueError(f"dimension {self.dimension} is not the width of {self.architecture}")
        if self.transform.crop != self.architecture.image_size:
            raise ValueError(f"crop {self.transform.crop} is not what {self.architecture} takes")
        return self


def load_manifest(folder: Path) -> Manifest:
    """The manifest in a checkpoint folder; raises EncoderError if it is missing or damaged."""
    path = Path(folder) / MANIFEST_FILE
    try:
        return parse_manifest(path.read_bytes(), str(path))
    except OSError as error:
        raise EncoderError(f"{path} cannot be read ({error.strerror}): {_REPAIR}") from error


def parse_manifest(text: str | bytes, where: str) -> Manifest:
    """The manifest that JSON `text` holds; raises EncoderError, speaking of `where`, if none."""
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        raise EncoderError(
            f"{where} is no encoder manifest: {_reasons(error)}; {_REPAIR}"
        ) from error


_REPAIR = "name a folder that holds an encoder, or register the encoder again"


def _reasons(error: ValidationError) -> str:
    details = error.errors(include_url=False, include_input=False)
    return ", ".join(
        f"{'.'.join(map(str, detail['loc'])) or 'file'}: {detail['msg']}" for detail in details
    )
