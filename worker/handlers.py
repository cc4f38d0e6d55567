"""What each kind of job does. Every handler is idempotent: it looks at what is left to do."""

from models.manifest import load_manifest
from service.usecases.embedding import start_pending
from service.usecases.encoders import enter_encoder
from worker.exporting import export_pool
from worker.extraction import embed
from worker.importing import import_images
from worker.indexing import index
from worker.mapping import make_map
from worker.pretraining import pretrain
from worker.running import RunningJob


def register(running: RunningJob) -> None:
    """Load an encoder by its spec, export and check it, and enter it; then embed what waits."""
    from models.encoder import register_encoder  # with torch, which takes seconds

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


HANDLERS = {
    "embed": embed,
    "register_encoder": register,
    "pretrain": pretrain,
    "map": make_map,
    "import": import_images,
    "export": export_pool,
    "index": index,
}
