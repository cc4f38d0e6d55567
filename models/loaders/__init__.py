"""From an encoder's spec to its manifest and tensors; every loader is strict."""

from dataclasses import replace
from pathlib import Path

from torch import Tensor

from models.checkpoints import encoder_id
from models.errors import EncoderError
from models.loaders.hub import Hub
from models.loaders.msn import load_msn
from models.loaders.own import Loaded, load_own
from models.loaders.run import is_run, load_run
from models.loaders.timm_vit import load_timm
from models.loaders.vit_msn import load_vit_msn
from models.manifest import MANIFEST_FILE, Feature, Manifest, Norm, VitConfig
from models.vit import interpolate_positions

__all__ = ["BUNDLED_FOLDER", "PUBLIC_MSN", "Hub", "load_encoder", "load_vit_for"]

BUNDLED_FOLDER = Path(__file__).parent.parent / "weights"
PUBLIC_MSN = "facebook/vit-msn-small"

_FORMS = (
    "auto, hf:NAME or hf:FOLDER, msn:ARCHITECTURE=FILE.pth.tar, timm:NAME, "
    "timm:NAME=FILE.safetensors, msn:FILE or timm:FILE as Handful exports them, "
    "a folder with a manifest.json, or one of a pretraining run"
)


def load_encoder(
    spec: str,
    *,
    norm: Norm | None = None,
    image_size: int | None = None,
    hub: Hub | None = None,
    bundled_folder: Path = BUNDLED_FOLDER,
) -> Loaded:
    """Manifest and float32 tensors of the encoder that `spec` names.

    `norm` and `image_size` (pixels) override the source's own feature and size. Raises
    EncoderError on an unknown spec, an unreachable hub, a damaged file or unexpected tensors.
    """
    loaded = _load(spec, hub or Hub(), bundled_folder)
    return _adapt(*loaded, norm, image_size)


def load_vit_for(
    vit: VitConfig, spec: str, *, hub: Hub | None = None, bundled_folder: Path = BUNDLED_FOLDER
) -> dict[str, Tensor]:
    """The encoder that `spec` names as the float32 state dict of `vit`, to go on training from.

    Position embeddings are interpolated to the image size of `vit`. Raises EncoderError as
    load_encoder does, and where the two architectures differ in anything that shapes a tensor or
    its use.
    """
    manifest, tensors = load_encoder(spec, hub=hub, bundled_folder=bundled_folder)
    theirs, wanted = _block_sizes(manifest.architecture), _block_sizes(vit)
    if theirs != wanted:
        raise EncoderError(
            f"{spec} is a ViT of {_sizes(theirs)}; the recipe trains one of {_sizes(wanted)}. "
            "Choose a recipe of the encoder's architecture, or an encoder of the recipe's."
        )
    grid = vit.image_size // vit.patch_size
    return tensors | {"pos_embed": interpolate_positions(tensors["pos_embed"], (grid, grid))}


def _block_sizes(config: VitConfig) -> dict[str, float]:
    """What two encoders must share for one's weights to mean the same in the other."""
    return {
        "patch size": config.patch_size,
        "width": config.width,
        "depth": config.depth,
        "heads": config.heads,
        "MLP ratio": config.mlp_ratio,
    }


def _sizes(sizes: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in sizes.items())


def _load(spec: str, hub: Hub, bundled_folder: Path) -> Loaded:
    kind, name, path = _parts(spec)
    if spec == "auto":
        return _load_auto(hub, bundled_folder)
    if kind == "hf" and name:
        return load_vit_msn(name, hub)
    if kind == "msn" and path:
        return load_msn(name, path)
    if kind == "timm" and (name or path):
        return load_timm(name, path, hub)
    if (Path(spec).expanduser() / MANIFEST_FILE).exists():
        return load_own(Path(spec).expanduser())
    if is_run(Path(spec).expanduser()):
        return load_run(Path(spec).expanduser())
    raise EncoderError(f"{spec!r} names no encoder. Give {_FORMS}.")


def _parts(spec: str) -> tuple[str, str, Path | None]:
    """Kind, name ("" where a file is to say it) and file of a spec KIND:NAME=FILE."""
    kind, _, rest = spec.partition(":")
    if kind == "hf":
        return kind, rest, None
    if rest and Path(rest).expanduser().is_file():
        return kind, "", Path(rest).expanduser()
    name, _, file = rest.partition("=")
    return kind, name, Path(file).expanduser() if name and file else None


def _load_auto(hub: Hub, bundled_folder: Path) -> Loaded:
    try:
        return load_vit_msn(PUBLIC_MSN, hub)
    except EncoderError as error:
        manifest, tensors = load_own(bundled_folder)
        notice = (
            f"Using the bundled encoder {manifest.name}, because {PUBLIC_MSN} could not be had: "
            f"{error} To use MSN's public weights, register hf:{PUBLIC_MSN} when the hub can be "
            "reached, or copy that repository here and register hf:FOLDER."
        )
        return manifest.model_copy(update={"notice": notice}), tensors


def _adapt(
    manifest: Manifest, tensors: dict[str, Tensor], norm: Norm | None, image_size: int | None
) -> Loaded:
    """The same weights with another feature or image size, which make another encoder."""
    if norm is None and image_size is None:
        return manifest, tensors
    architecture, transform = manifest.architecture, manifest.transform
    feature = Feature(norm=norm or manifest.feature.norm)
    if image_size and image_size != architecture.image_size:
        architecture = _resized(architecture, image_size)
        transform = transform.model_copy(
            update={
                "resize": round(transform.resize * image_size / transform.crop),
                "crop": image_size,
            }
        )
        grid = image_size // architecture.patch_size
        tensors = tensors | {"pos_embed": interpolate_positions(tensors["pos_embed"], (grid, grid))}
    changed = {"architecture": architecture, "transform": transform, "feature": feature}
    new_id = encoder_id(manifest.name, tensors, architecture, transform, feature)
    return manifest.model_copy(update=changed | {"encoder_id": new_id}), tensors


def _resized(architecture: VitConfig, image_size: int) -> VitConfig:
    try:
        return replace(architecture, image_size=image_size)
    except ValueError as error:
        raise EncoderError(f"image size {image_size} is impossible: {error}.") from error
