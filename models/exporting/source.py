"""What is exported: an encoder, and the training that it comes from where that is at hand."""

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from models.errors import EncoderError
from models.loaders import Hub, load_encoder
from models.loaders.run import RunCheckpoint, is_run, read_run
from models.manifest import Manifest

_USUAL_EPS = 1e-6


@dataclass(frozen=True)
class Source:
    """Manifest and float32 tensors of an encoder; `run` if it was named by a run's folder."""

    manifest: Manifest
    tensors: dict[str, Tensor]
    run: RunCheckpoint | None = None


def open_source(spec: str, hub: Hub | None) -> Source:
    """The encoder that `spec` names, with all of its run if `spec` is the folder of one."""
    manifest, tensors = load_encoder(spec, hub=hub)
    folder = Path(spec).expanduser()
    return Source(manifest, tensors, read_run(folder) if is_run(folder) else None)


def check_usual_eps(source: Source, layout: str) -> None:
    """Raise EncoderError if LayerNorms differ from what a layout without a place for it assumes."""
    eps = source.manifest.architecture.norm_eps
    if eps != _USUAL_EPS:
        raise EncoderError(
            f"the {layout} layout cannot say that the LayerNorms of {source.manifest.name} use "
            f"eps {eps:g} instead of {_USUAL_EPS:g}: export it as hf or onnx."
        )
