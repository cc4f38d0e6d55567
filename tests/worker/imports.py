"""Imports to test with: folders of pictures, jobs, and what came of them."""

import threading
from pathlib import Path

from sqlalchemy import func, select

from service.domain.entities import Job
from service.storage.tables import ExampleRow, ImageRow
from service.usecases.context import Context
from service.usecases.importing import request_import
from service.usecases.jobs import get_job
from tests.pictures import png
from worker.importing import import_images
from worker.running import claim


def fill(folder: Path, *classes: str, each: int = 5) -> None:
    """A folder for each class, of pictures that all differ."""
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for seed in range(each):
            (folder / name / f"{name}-{seed}.png").write_bytes(png("red", 1000 * number + seed))


def start(context: Context, source: object, **payload: str) -> str:
    """Ask for an import; the job's id."""
    told = {"source": str(source), "format": "auto", "labels": "labels", "keep": "copy"} | payload
    return request_import(context, "default", told).id


def work(context: Context, job_id: str) -> Job:
    """Run a job as a worker does; what became of it."""
    running = claim(context, job_id, threading.Event())
    assert running is not None
    running.run(import_images)
    return get_job(context, job_id)


def take(context: Context, source: object, **payload: str) -> Job:
    """Import to the end."""
    return work(context, start(context, source, **payload))


def counts(job: Job) -> dict[str, int]:
    """What came of an import."""
    assert job.outcome is not None
    return {name: job.outcome[name] for name in ("added", "known", "labelled", "failed")}


def held(context: Context) -> tuple[int, int]:
    """Number of images and of labels in the database."""
    with context.database.read() as session:
        images = session.scalar(select(func.count()).select_from(ImageRow))
        return images or 0, session.scalar(select(func.count()).select_from(ExampleRow)) or 0
