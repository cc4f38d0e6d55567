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
from models.manifest import ONNX_FILE, Manifest, Norm, VitConfig, load_manifest
from models.onnx_encoder import OnnxEncoder
from models.onnx_export import check_agreement, export_onnx
from models.transforms import evaluation_batch, standardisation
from models.vit import VisionTransformer, build_vit, cls_feature

__all__ = ["TorchEncoder", "load_encoder", "register_encoder"]

_CPU_BATCH = 16
# A modern GPU is busy with so many; more only wait longer for each other.
_GPU_BATCH = 512
_UNFINISHED = ".registering-"
_ABANDONED_SECONDS = 24 * 3600


class TorchEncoder:
    """CLS features of images by the `model.safetensors` of a checkpoint folder.

    `device` "auto" takes CUDA where there is one, in bfloat16; the CPU works in float32.

    `batch_size`: images of a call for the device's full speed, within its memory. `streams`:
    threads that make such calls, so that the device has work while the next batch is copied.
    """

    manifest: Manifest
    batch_size: int
    streams: int

    def __init__(self, folder: Path, device: str = "auto") -> None:
        self.manifest, tensors = load_checkpoint(folder)
        self.device = torch.device(_best_device() if device == "auto" else device)
        self._vit = _loaded_vit(self.manifest, tensors).to(self.device)
        self.streams = 2 if self.device.type == "cuda" else 1
        self.batch_size = self._fitting_batch()
        mean, scale = standardisation(self.manifest.transform)
        self._mean = torch.from_numpy(mean).to(self.device)
        self._scale = torch.from_numpy(scale).to(self.device)

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
        return self._features(torch.from_numpy(pixels).to(self.device))

    def embed_crops(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Raw CLS features (n, dimension) of one batch (n, crop, crop, 3) of evaluation crops.

        What does not fit the device's memory is embedded by halves, now and from then on.
        """
        try:
            return self._embed_crops(crops)
        except torch.OutOfMemoryError:
            if len(crops) == 1:
                raise
        # Only here is the failed attempt forgotten, with all that its traceback held.
        torch.cuda.empty_cache()
        half = len(crops) // 2
        self.batch_size = min(self.batch_size, half)
        return np.concatenate([self.embed_crops(crops[:half]), self.embed_crops(crops[half:])])

    @torch.inference_mode()
    def _embed_crops(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        # As bytes to the device: a quarter of what crosses, and the arithmetic is done there.
        images = torch.from_numpy(crops).to(self.device).permute(0, 3, 1, 2)
        return self._features((images.float() - self._mean) * self._scale)

    def _features(self, images: torch.Tensor) -> NDArray[np.float32]:
        fast = self.device.type == "cuda"
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=fast):
            features = cls_feature(self._vit, images, self.manifest.feature.norm)
        return features.float().cpu().numpy()

    def _fitting_batch(self) -> int:
        if self.device.type != "cuda":
            return _CPU_BATCH
        free, _ = torch.cuda.mem_get_info(self.device)
        return batch_within(free // (2 * self.streams), self.manifest.architecture)


def batch_within(memory_bytes: int, architecture: VitConfig) -> int:
    """How many images' forward pass in bfloat16 fits so much memory; a power of two, 512 at most.

    Each token has the residual stream and a normed copy in float32, and a block's widest layer,
    before and after its activation, beside queries, keys and values in bfloat16.
    """
    tokens = 1 + (architecture.image_size // architecture.patch_size) ** 2
    bytes_a_token = (2 * 4 + 2 * (2 * architecture.mlp_ratio + 4)) * architecture.width
    pixels = 5 * 3 * architecture.image_size**2  # as bytes and as float32
    fitting = memory_bytes / (tokens * bytes_a_token + pixels)
    return 1 << int(np.log2(min(max(fitting, 1), _GPU_BATCH)))


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
