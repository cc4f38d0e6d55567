"""A service with images in its pool and an encoder that has seen none, to measure with."""

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from sqlalchemy import insert

from models.encoder import register_encoder
from models.images import decode
from models.low_shot.labelled_folder import LabelledFile, read_labelled
from models.manifest import load_manifest
from service.settings import Settings
from service.storage.tables import ImageRow
from service.supervisor import StartError, redis_command
from service.usecases.context import Context, create_context
from service.usecases.encoders import enter_encoder
from service.usecases.projects import DEFAULT_PROJECT, ensure_default_project
from tests.benchmarks.photographs import write_photographs
from tests.benchmarks.random_encoder import save_random

# In front of an architecture's name: weights do not matter for how long it takes.
RANDOM = "random:"
PHOTOGRAPH = (469, 387)  # about ImageNet's mean size


@contextmanager
def prepared_service(
    scratch: Path, spec: str, sources: Sequence[str], count: int
) -> Iterator[tuple[Context, Path, list[Path]]]:
    """Its context, the encoder's folder, and the files whose contents its pool and store have."""
    files = _files(scratch, count, sources)
    broker = scratch / "broker" / "redis.sock"
    settings = Settings(
        data_dir=scratch / "data", redis_url=f"redis+socket://{broker}", min_free_mb=0
    )
    if spec.startswith(RANDOM):
        spec = str(save_random(spec.removeprefix(RANDOM), scratch / "checkpoint", "post"))
    folder = register_encoder(spec, settings.encoders_dir)
    context = create_context(settings)
    ensure_default_project(context)
    enter_encoder(context, "measured", load_manifest(folder))
    _keep_files(context, files)
    with _broker(broker):
        try:
            yield context, folder, files
        finally:
            context.database.close()


@contextmanager
def _broker(path: Path) -> Iterator[None]:
    """A Redis at `path`, where one is installed; a job looks for it in vain for 0.1 s otherwise."""
    try:
        command = redis_command(path)
    except StartError:
        yield
        return
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            while not path.exists() and server.poll() is None:
                time.sleep(0.01)
            yield
        finally:
            server.terminate()


def _files(scratch: Path, count: int, sources: Sequence[str]) -> list[Path]:
    """So many image files in a folder, no two of the same content: a pool has each once."""
    if not sources:
        folder = write_photographs(scratch / "files", count, PHOTOGRAPH)
        return sorted(folder.rglob("*.jpg"))
    folder = scratch / "files"
    folder.mkdir()
    paths = []
    for number, image in enumerate(islice(_unlike(sources), count)):
        paths.append(folder / f"{number:06}{Path(image.name).suffix}")
        paths[-1].write_bytes(image.data)
    return paths


def _unlike(sources: Sequence[str]) -> Iterator[LabelledFile]:
    seen = set[bytes]()
    for source in sources:
        for image in read_labelled(source):
            if image.data not in seen:
                seen.add(image.data)
                yield image


def _keep_files(context: Context, files: Sequence[Path]) -> None:
    """The files in the service's store and its pool, as an import leaves them."""
    rows = []
    for path in files:
        image = decode(path.read_bytes())
        context.images.put_image(image.sha256, path.read_bytes())
        rows.append(
            {
                "project_id": DEFAULT_PROJECT,
                "sha256": image.sha256,
                "filename": path.name,
                "width": image.width,
                "height": image.height,
            }
        )
    with context.database.write() as session:
        session.execute(insert(ImageRow), rows)
