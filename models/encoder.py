"""Encoders by their spec: loaded strictly, registered as folders, run by torch."""

import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from models.checkpoints import load_checkpoint, save_checkpoint, save_manifest
from models.errors import EncoderError
from models.loaders import BUNDLED_FOLDER, Hub, load_encoder
from models.manifest import ONNX_FILE, Manifest, Norm, load_manifest
from models.onnx_encoder import OnnxEncoder
from models.onnx_export import check_agreement, export_onnx
from models.transforms import evaluation_batch
from models.vit import VisionTransformer, build_vit, cls_feature

__all__ = ["TorchEncoder", "load_encoder", "register_encoder"]

_UNFINISHED = ".registering-"
_ABANDONED_SECONDS = 24 * 3600


class TorchEncoder:
    """CLS features of images by the `model.safetensors` of a checkpoint folder.

    `device` "auto" takes CUDA where there is one, in bfloat16; the CPU works in float32.
    """

    manifest: Manifest

    def __init__(self, folder: Path, device: str = "auto") -> None:
        self.manifest, tensors = load_checkpoint(folder)
        self.device = torch.device(_best_device() if device == "auto" else device)
        self._vit = _loaded_vit(self.manifest, tensors).to(self.device)

    def embed(self, images: Sequence[Image.Image], batch_size: int = 64) -> NDArray[np.float32]:
        """Raw CLS features (n, dimension), float32; `batch_size` bounds the memory in use."""
        features = np.empty((len(images), self.manifest.dimension), dtype=np.float32)
        for start in range(0, len(images), batch_size):
            chosen = slice(start, start + batch_size)
            batch = evaluation_batch(images[chosen], self.manifest.transform)
            features[chosen] = self.embed_pixels(batch)
        return features

    @torch.inference_mode()
    def embed_pixels(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Raw CLS features (n, dimension) of one batch (n, 3, crop, crop) of evaluation pixels."""
        images = torch.from_numpy(pixels).to(self.device)
        fast = self.device.type == "cuda"
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=fast):
            features = cls_feature(self._vit, images, self.manifest.feature.norm)
        return features.float().cpu().numpy()


def register_encoder(
    spec: str,
    encoders_folder: Path,
    *,
    norm: Norm | None = None,
    image_size: int | None = None,
    hub_timeout_seconds: float = 4.0,
    cache_folder: Path | None = None,
    hub_endpoint: str | None = None,
    bundled_folder: Path = BUNDLED_FOLDER,
) -> Path:
    """Load an encoder, export it to ONNX, check both paths, and return its folder.

    The folder `encoders_folder/<encoder_id>` appears whole or not at all; an encoder that is
    there already keeps all but its notice, one that is damaged is made anew. `norm` and
    `image_size` override the source's own. `auto` gives MSN's public ViT-S/16 if it is cached or
    the hub answers in `hub_timeout_seconds`, else the bundled encoder with a notice.
    Raises EncoderError, saying what to do, if any of this fails.
    """
    hub = Hub(hub_timeout_seconds, cache_folder=cache_folder, endpoint=hub_endpoint)
    manifest, tensors = load_encoder(
        spec, norm=norm, image_size=image_size, hub=hub, bundled_folder=bundled_folder
    )
    target = Path(encoders_folder) / manifest.encoder_id
    try:
        if _is_intact(target):
            _renew_notice(target, manifest)
        else:
            shutil.rmtree(target, ignore_errors=True)
            _build_folder(target, manifest, tensors)
    except OSError as error:
        if not _is_intact(target):  # else another process was faster, with the same
            raise EncoderError(f"{target} cannot be written: {error}.") from error
    return target


def _is_intact(folder: Path) -> bool:
    try:
        load_checkpoint(folder)
        OnnxEncoder(folder)
    except EncoderError:
        return False
    return True


def _build_folder(target: Path, manifest: Manifest, tensors: dict[str, torch.Tensor]) -> None:
    """Make the folder beside its place, check it there, and move it in with one rename."""
    target.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(target.parent)
    with tempfile.TemporaryDirectory(prefix=_UNFINISHED, dir=target.parent) as beside:
        folder = Path(beside) / target.name
        save_checkpoint(folder, manifest, tensors)
        vit = _loaded_vit(manifest, tensors)
        export_onnx(vit, manifest, folder / ONNX_FILE)
        check_agreement(vit, OnnxEncoder(folder))
        folder.rename(target)


def _renew_notice(target: Path, manifest: Manifest) -> None:
    """The notice is about how the encoder was chosen, which may differ from last time."""
    registered = load_manifest(target)
    if registered.notice != manifest.notice:
        save_manifest(target, registered.model_copy(update={"notice": manifest.notice}))


def _remove_abandoned(encoders_folder: Path) -> None:
    """Clear what killed registrations left; younger folders may still be in the making."""
    for folder in encoders_folder.glob(f"{_UNFINISHED}*"):
        if time.time() - folder.stat().st_mtime > _ABANDONED_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def _loaded_vit(manifest: Manifest, tensors: dict[str, torch.Tensor]) -> VisionTransformer:
    vit = build_vit(manifest.architecture)
    vit.load_state_dict(tensors)
    return vit.eval().requires_grad_(False)


def _best_device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"
