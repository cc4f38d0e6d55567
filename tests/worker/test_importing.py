"""Imports by real handlers on real files: nothing lost, nothing doubled, whatever happens."""

import threading
from pathlib import Path
from typing import Any

import pytest

from service.usecases.context import Context, create_context
from service.usecases.importing import request_import
from service.usecases.jobs import get_job
from tests.pictures import png
from tests.service.caller import Caller
from worker.handlers import HANDLERS
from worker.running import claim


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder that imports may read."""
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder.resolve()


@pytest.fixture
def context(context: Context, root: Path) -> Context:
    """A worker's context that may read the folder."""
    settings = context.settings.model_copy(update={"import_roots": str(root)})
    return create_context(settings)


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


def work(context: Context, job_id: str) -> Any:
    """Run a job as a worker does; what became of it."""
    running = claim(context, job_id, threading.Event())
    assert running is not None
    running.run(HANDLERS[running.job.kind])
    return get_job(context, job_id)


def take(context: Context, source: object, **payload: str) -> Any:
    """Import to the end."""
    return work(context, start(context, source, **payload))


def test_a_folder_of_classes_comes_in_with_labels_and_names(
    context: Context, root: Path, api: Caller
) -> None:
    fill(root, "Sea otter", "seal")
    (root / "seal" / "notes.txt").write_text("no image")
    (root / "seal" / "broken.png").write_bytes(png("red")[:60])
    job = take(context, root)
    assert (job.state, job.error) == ("succeeded", None)
    assert (job.done, job.total) == (12, 12)
    counts = {name: job.outcome[name] for name in ("added", "known", "labelled", "failed")}
    assert counts == {"added": 10, "known": 0, "labelled": 10, "failed": 2}
    classes = api.get("/classes")["classes"]
    assert {(each["name"], each["examples"]) for each in classes} == {("Sea otter", 5), ("seal", 5)}
    names = {image["filename"] for image in api.get("/images")["items"]}
    assert {"Sea otter-0.png", "seal-4.png"} <= names
    errors = api.get(f"/jobs/{job.id}/errors")
    assert errors["total"] == 2
    assert [each["file"] for each in errors["errors"]] == ["seal/broken.png", "seal/notes.txt"]


def test_importing_again_adds_nothing_and_keeps_what_people_changed(
    context: Context, root: Path, api: Caller
) -> None:
    fill(root, "otter", "seal")
    take(context, root)
    image = next(i for i in api.get("/images")["items"] if i["filename"] == "seal-0.png")
    api.post("/labels", {"labels": [{"image_id": image["id"], "class_id": "otter"}]})
    again = take(context, root)
    assert {n: again.outcome[n] for n in ("added", "known", "labelled")} == {
        "added": 0,
        "known": 10,
        "labelled": 0,
    }
    assert api.get(f"/images/{image['id']}")["class_id"] == "otter"
    [error] = api.get(f"/jobs/{again.id}/errors")["errors"]
    assert error["file"] == "seal/seal-0.png"
    assert "otter" in error["reason"]
