"""What each kind of job does. Every handler is idempotent: it looks at what is left to do.

Imports torch, which takes seconds: the worker imports it with its first job.
"""

from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import torch

from models.encoder import TorchEncoder, register_encoder
from models.manifest import load_manifest
from models.onnx_encoder import OnnxEncoder
from service.domain.errors import NotFound
from service.usecases.context import Context
from service.usecases.embedding import (
    count_pending,
    embed_batch,
    start_pending,
    still_pending,
    switch_encoders,
)
from service.usecases.encoders import enter_encoder
from service.usecases.fitting import refit
from worker.mapping import make_map
from worker.pretraining import pretrain
from worker.running import RunningJob


def embed(running: RunningJob) -> None:
    """Embed every image that waits for the encoder, batch by batch; then refit what it was for."""
    context = running.context
    encoder_id = running.job.payload["encoder_id"]
    total = count_pending(context, encoder_id)
    running.report(done=0, total=total, message="Opening the encoder")
    encoder = _open_encoder(context.settings.encoders_dir / encoder_id)
    touched, unreadable, last = set[str](), list[int](), 0
    while batch := embed_batch(context, encoder_id, encoder, after=last):
        _refit_all(context, batch.projects - touched)  # labels answer before the whole pool is in
        touched, last = touched | batch.projects, batch.last_image_id
        unreadable += batch.unreadable
        left = count_pending(context, encoder_id)
        total = max(total, left)  # images may have come in meanwhile
        running.report(done=total - left, total=total, message="Embedding images")
    _refit_all(context, touched.union(switch_encoders(context, encoder_id)))
    if lost := still_pending(context, encoder_id, unreadable):
        raise FileNotFoundError(
            f"The files of {len(lost)} images are missing or damaged; the first is image "
            f"{lost[0]}. Delete these images or put the image store back."
        )


def _refit_all(context: Context, project_ids: set[str]) -> None:
    for project_id in project_ids:
        with suppress(NotFound):  # the project was deleted in the meantime
            refit(context, project_id)


def register(running: RunningJob) -> None:
    """Load an encoder by its spec, export and check it, and enter it; then embed what waits."""
    context = running.context
    spec = running.job.payload["spec"]
    running.report(done=0, total=1, message=f"Loading and exporting {spec}")
    folder = register_encoder(
        spec,
        context.settings.encoders_dir,
        hub_timeout_seconds=context.settings.hub_timeout_seconds,
    )
    running.report(done=1, total=1, message=f"Exported as {folder.name}")
    enter_encoder(context, spec, load_manifest(folder))
    start_pending(context)


@lru_cache(maxsize=2)
def _open_encoder(folder: Path) -> TorchEncoder | OnnxEncoder:
    """An encoder where it runs fastest: on CUDA by torch, else on the CPU by ONNX Runtime."""
    return TorchEncoder(folder) if torch.cuda.is_available() else OnnxEncoder(folder)


HANDLERS = {
    "embed": embed,
    "register_encoder": register,
    "pretrain": pretrain,
    "map": make_map,
}
