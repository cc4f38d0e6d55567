"""Exports by the real handler: what comes out goes in again."""

import io
import json
import threading
from pathlib import Path
from zipfile import ZipFile

import pytest

from service.domain.entities import Job
from service.usecases.context import Context, create_context
from service.usecases.importing import request_import
from service.usecases.jobs import get_job
from tests.pictures import parts, png
from tests.service.caller import Caller, problem_of
from tests.worker.imports import take
from worker import exporting
from worker.exporting import export_pool
from worker.importing import import_images
from worker.running import claim


def export(context: Context, api: Caller, **payload: object) -> Job:
    """Export to the end."""
    job_id = api.post("/jobs", {"kind": "export", "payload": payload})["id"]
    running = claim(context, job_id, threading.Event())
    assert running is not None
    running.run(export_pool)
    return get_job(context, job_id)


@pytest.mark.parametrize("form", ["csv", "coco", "labelstudio", "imagefolder", "hf", "parquet"])
def test_what_was_exported_with_images_is_the_same_pool_elsewhere(
    api: Caller, context: Context, tmp_path: Path, form: str
) -> None:
    api.teach("red", "green", each=2)
    api.send("/images", parts("blue", range(3)))
    job = export(context, api, format=form, images=True)
    assert (job.state, job.error, job.done) == ("succeeded", None, 7)
    answer = api.http.get(f"/jobs/{job.id}/file")
    assert job.outcome is not None
    assert len(answer.content) == job.outcome["bytes"]
    file = tmp_path.resolve() / job.outcome["filename"]
    file.write_bytes(answer.content)

    other = api.post("/projects", {"name": "Other"})["id"]
    settings = context.settings.model_copy(update={"import_roots": str(tmp_path.resolve())})
    reading = create_context(settings)
    payload = {"source": str(file), "format": "auto", "labels": "labels", "keep": "copy"}
    running = claim(reading, request_import(reading, other, payload).id, threading.Event())
    assert running is not None
    running.run(import_images)
    done = get_job(reading, running.job.id)
    reading.database.close()
    assert (done.state, done.error) == ("succeeded", None)

    def told(project: str) -> set[tuple[str, str | None, str]]:
        items = api.get("/images", project=project)["items"]
        return {(each["sha256"], each["class_id"], each["filename"]) for each in items}

    before, after = told("default"), told(other)
    assert {each[:2] for each in after} == {each[:2] for each in before}
    assert {each[2] for each in after} == {each[2] for each in before}


def test_files_of_one_name_in_two_folders_are_told_apart_in_an_export(
    reading: Context, root: Path, api: Caller, context: Context
) -> None:
    for seed, folder in enumerate(("2024/otter", "2025/otter")):
        (root / folder).mkdir(parents=True)
        (root / folder / "1.png").write_bytes(png("red", seed))
    assert take(reading, root).state == "succeeded"
    job = export(context, api, format="csv", images=True)
    archive = ZipFile(io.BytesIO(api.http.get(f"/jobs/{job.id}/file").content))
    paths = {"images/2024/otter/1.png", "images/2025/otter/1.png"}
    assert paths < set(archive.namelist())


@pytest.mark.parametrize(
    ("form", "file"), [("imagefolder", None), ("coco", "annotations/instances_default.json")]
)
def test_a_class_without_images_is_exported_where_the_format_has_a_place_for_it(
    api: Caller, context: Context, form: str, file: str | None
) -> None:
    api.teach("red", each=2)
    api.make_class("Not seen yet")
    job = export(context, api, format=form, images=True)
    archive = ZipFile(io.BytesIO(api.http.get(f"/jobs/{job.id}/file").content))
    if file is None:
        assert {"Not seen yet/", "red/red-0.png"} <= set(archive.namelist())
    else:
        named = [each["name"] for each in json.loads(archive.read(file))["categories"]]
        assert named == ["red", "Not seen yet"]


def test_only_labelled_images_are_exported_where_asked(api: Caller, context: Context) -> None:
    api.teach("red", each=2)
    api.send("/images", parts("blue", range(3)))
    job = export(context, api, format="csv", which="labelled")
    assert job.outcome is not None
    assert job.outcome["images"] == 2
    assert "blue" not in api.http.get(f"/jobs/{job.id}/file").text


def test_a_class_that_is_made_meanwhile_is_written(
    api: Caller, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.send("/images", parts("blue", range(3)))
    monkeypatch.setattr(exporting, "PAGE", 1)
    report = exporting._Items.report

    def label_the_last(items: exporting._Items, *outcome: dict[str, int | str]) -> None:
        if items.done == 1:
            made = api.post("/classes", {"name": "New one"})["id"]
            api.post(f"/classes/{made}/examples", {"image_ids": [3]})
        report(items, *outcome)

    monkeypatch.setattr(exporting._Items, "report", label_the_last)
    job = export(context, api, format="csv")
    assert ",New one," in api.http.get(f"/jobs/{job.id}/file").text


def test_a_file_that_is_lost_is_named_and_leaves_nothing_behind(
    api: Caller, context: Context
) -> None:
    api.send("/images", parts("blue", range(2)))
    context.images.delete(api.get("/images/1")["sha256"])
    job = export(context, api, format="imagefolder", images=True)
    assert (job.state, "blue-0.png" in str(job.error)) == ("failed", True)
    problem_of(api.http.get(f"/jobs/{job.id}/file"), 404, "no-file")
    assert not list(context.settings.exports_dir.iterdir())
