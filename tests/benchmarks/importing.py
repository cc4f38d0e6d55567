"""How fast images come in, and what limits it: a whole import beside its parts in the same run.

    python -m tests.benchmarks.importing --images animals.zip --json importing.json

Parts are timed on one thread, in processor time an image; the import as a worker does it, on SQLite
or the database of --database. Grows in proportion to the images; past two cores decoding and
writing go on in parallel where Pillow and the kernel let go of Python's lock.
"""

import argparse
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.table import Table

from models.image_sources import open_sources
from models.images import MAX_BYTES, decode, thumbnail
from models.perceptual_hash import perceptual_hash
from service.settings import Settings
from service.storage.image_store import ImageStore
from service.usecases.context import create_context
from service.usecases.importing import request_import
from service.usecases.jobs import get_job
from service.usecases.projects import ensure_default_project
from worker.importing import import_images
from worker.running import claim

SAMPLE = 2000
Item = TypeVar("Item")


def parts_alone(source: Path, folder: Path) -> dict[str, float]:
    """Microseconds of processor time an image, part by part."""
    found: dict[str, float] = {}
    store = ImageStore(str(folder))
    with open_sources(str(source))[0].opened() as files:
        some = [file for _, file in zip(range(SAMPLE), files, strict=False)]
        data = _timed(found, "read", lambda: [file.read(MAX_BYTES) for file in some])
        images = _timed(found, "decode and hash", lambda: [decode(d, shrink_to=256) for d in data])
    pictures = [each.image for each in images]
    _timed(found, "perceptual hash", lambda: [perceptual_hash(each) for each in pictures])
    _timed(found, "thumbnail", lambda: [thumbnail(each) for each in pictures])

    def write() -> list[bytes]:
        for image, content in zip(images, data, strict=True):
            store.put_image(image.sha256, content)
        return data

    _timed(found, "write", write)
    return found


def whole_import(source: Path, folder: Path, database: str) -> dict[str, float | int]:
    """An import as a worker does it: images a second, and processor time an image."""
    settings = Settings(
        data_dir=folder,
        database_url=database,
        redis_url=f"redis+socket://{folder}/no-redis.sock",
        import_roots=str(source.resolve().parent),
        min_free_mb=0,
    )
    context = create_context(settings)
    ensure_default_project(context)
    payload = {"source": str(source), "format": "auto", "labels": "labels", "keep": "copy"}
    running = claim(context, request_import(context, "default", payload).id, threading.Event())
    if running is None:
        raise RuntimeError("another worker took the job")
    wall, processor = time.perf_counter(), time.process_time()
    running.run(import_images)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    job = get_job(context, running.job.id)
    context.database.close()
    if job.state != "succeeded":
        raise RuntimeError(f"the import {job.state}: {job.error}")
    return {
        "images": job.done,
        "seconds": wall,
        "images_per_second": job.done / wall,
        "microseconds_an_image": processor / job.done * 1e6,
    }


def _timed(found: dict[str, float], name: str, work: Callable[[], list[Item]]) -> list[Item]:
    begun = time.process_time()
    done = work()
    found[name] = (time.process_time() - begun) / max(1, len(done)) * 1e6
    return done


def main() -> None:
    """Print a table, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=Path, required=True, help="folder or zip to import")
    parser.add_argument("--database", default="", help="an empty database; SQLite if none")
    parser.add_argument("--json", type=Path, help="file for the figures")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        parts = parts_alone(asked.images, Path(scratch) / "parts")
        whole = whole_import(asked.images, Path(scratch) / "whole", asked.database)
    table = Table("part", "µs of processor time an image", title=f"load {os.getloadavg()[0]:.1f}")
    for name, cost in parts.items():
        table.add_row(name, f"{cost:.0f}")
    table.add_row("the import", f"{whole['microseconds_an_image']:.0f}")
    Console().print(table, f"{whole['images']} images, {whole['images_per_second']:.0f} a second")
    if asked.json:
        asked.json.write_text(json.dumps({"parts": parts, "import": whole}, indent=1))


if __name__ == "__main__":
    main()
