"""An encoder without torch: ONNX Runtime on the CPU, for serving."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from models.errors import EncoderError
from models.manifest import ONNX_FILE, Manifest, VitConfig, load_manifest
from models.threads import usable_cores
from models.transforms import evaluation_batch, standardise

# More at once leave the processor's caches: 32 took half as long again an image as 8.
_FAST_BATCH = 8
_ATTENTION_BYTES = 2**28
_REPAIR = "register the encoder again"


class OnnxEncoder:
    """CLS features of images by the `model.onnx` of a checkpoint folder.

    One instance serves any number of threads at once. `threads` is how many cores one call may
    use (None: all physical ones). Raises EncoderError if the folder is incomplete or damaged.

    `batch_size`: images of a call that embeds the most of them in a second. `streams`: threads
    that make such calls at once, for all cores of the machine.
    """

    manifest: Manifest
    batch_size: int
    streams: int

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        self.manifest = load_manifest(folder)
        self._session = _open_session(Path(folder) / ONNX_FILE, threads)
        self._check_session(Path(folder) / ONNX_FILE)
        self.batch_size = min(_FAST_BATCH, _largest_batch(self.manifest.architecture))
        self.streams = max(1, usable_cores() // threads) if threads else 1

    def embed(self, images: Sequence[Image.Image], batch_size: int = 16) -> NDArray[np.float32]:
        """Raw CLS features (n, dimension), float32; at most `batch_size` images at once."""
        features = np.empty((len(images), self.manifest.dimension), dtype=np.float32)
        step = min(batch_size, _largest_batch(self.manifest.architecture))
        for start in range(0, len(images), step):
            chosen = slice(start, start + step)
            batch = evaluation_batch(images[chosen], self.manifest.transform)
            features[chosen] = self.embed_pixels(batch)
        return features

    def embed_pixels(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Raw CLS features (n, dimension) of one batch (n, 3, crop, crop) of evaluation pixels."""
        (features,) = self._session.run(None, {self._session.get_inputs()[0].name: pixels})
        return np.asarray(features, dtype=np.float32)

    def embed_crops(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Raw CLS features (n, dimension) of one batch (n, crop, crop, 3) of evaluation crops."""
        return self.embed_pixels(standardise(crops, self.manifest.transform))

    def _check_session(self, path: Path) -> None:
        crop = self.manifest.transform.crop
        nodes = [*self._session.get_inputs(), *self._session.get_outputs()]
        shapes = [node.shape for node in nodes]
        sizes = [shape[1:] for shape in shapes]
        any_batch = all(isinstance(shape[0], str) for shape in shapes)
        if sizes != [[3, crop, crop], [self.manifest.dimension]] or not any_batch:
            raise EncoderError(f"{path} maps {shapes}, not what its manifest says: {_REPAIR}")


def _largest_batch(architecture: VitConfig) -> int:
    """How many images fit the memory: each block holds all attention weights of a batch."""
    tokens = 1 + (architecture.image_size // architecture.patch_size) ** 2
    bytes_an_image = 4 * architecture.heads * tokens**2
    return max(1, _ATTENTION_BYTES // bytes_an_image)


def _open_session(path: Path, threads: int | None) -> onnxruntime.InferenceSession:
    if not path.is_file():
        raise EncoderError(f"{path} is missing: {_REPAIR}, which exports it")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.log_severity_level = 3
    # Idle threads that spin take the cores from the services beside this one.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(
            path, sess_options=options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # ONNX Runtime's errors share no public base class
        raise EncoderError(f"{path} cannot be loaded ({error}): {_REPAIR}") from error
