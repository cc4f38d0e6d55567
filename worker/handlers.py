"""What each kind of job does. Every handler is idempotent: it looks at what is left to do.

Imports torch, which takes seconds: the worker imports it with its first job.
"""

from functools import lru_cache
from pathlib import Path

from models.encoder import TorchEncoder, register_encoder
from models.manifest import load_manifest
from service.usecases.embedding import count_pending, embed_batch, start_pending, switch_encoders
from service.usecases.encoders import enter_encoder
from service.usecases.fitting import refit
from worker.running import RunningJob


def embed(running: RunningJob) -> None:
    """Embed every image that waits for the encoder, batch by batch; then refit what it was for."""
    context = running.context
    encoder_id = running.job.payload["encoder_id"]
    total = count_pending(context, encoder_id)
    running.report(done=0, total=total, message="Opening the encoder")
    encoder = _open_encoder(context.settings.encoders_dir / encoder_id)
    touched = set[str]()
    while projects := embed_batch(context, encoder_id, encoder.embed):
        for project_id in projects - touched:
            refit(context, project_id)  # the first labels answer before the whole pool is in
        touched |= projects
        left = count_pending(context, encoder_id)
        total = max(total, left)  # images may have come in meanwhile
        running.report(done=total - left, total=total, message="Embedding images")
    for project_id in touched | set(switch_encoders(context, encoder_id)):
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
    enter_encoder(context, spec, load_manifest(folder))
    running.report(done=1, total=1, message=f"Registered as {folder.name}")
    start_pending(context)


@lru_cache(maxsize=2)
def _open_encoder(folder: Path) -> TorchEncoder:
    """An encoder on this worker's device; the two used last stay there."""
    return TorchEncoder(folder)


HANDLERS = {"embed": embed, "register_encoder": register}
