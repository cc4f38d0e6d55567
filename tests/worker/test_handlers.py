"""What jobs do, on real images and a real encoder; every one may be done again."""

import shutil
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import delete, update

from models.manifest import Manifest
from service.jobs import QUEUES
from service.storage.jobs import requeue_orphans
from service.storage.tables import EncoderRow, ProjectRow
from service.usecases.context import Context, create_context
from service.usecases.encoders import list_encoders, request_encoder
from service.usecases.jobs import get_job, start_job
from service.usecases.projects import get_project
from tests.pictures import encoded, part, parts
from tests.service.caller import Caller
from worker.extraction import embed
from worker.handlers import HANDLERS
from worker.running import RunningJob, claim


def test_every_kind_of_job_has_a_handler() -> None:
    assert set(HANDLERS) == set(QUEUES)


def test_embedding_reports_its_way_and_ends_with_nothing_pending(
    api: Caller, work: Callable[[], int]
) -> None:
    job_id = api.send("/images", parts("red", range(40)))["job_id"]
    work()
    job = api.get(f"/jobs/{job_id}")
    assert (job["state"], job["done"], job["total"]) == ("succeeded", 40, 40)
    assert api.get("/images")["pending"] == 0


def test_embedding_again_finds_nothing_to_do(
    api: Caller, context: Context, work: Callable[[], int]
) -> None:
    encoder_id = api.get("/encoders")["default_id"]
    api.send("/images", parts("red", range(3)))
    work()
    start_job(context, "embed", {"encoder_id": encoder_id})
    work()
    assert [each["state"] for each in api.get("/jobs")["jobs"]] == ["succeeded", "succeeded"]
    assert api.get("/images/1/neighbours", limit=10)["neighbours"]


def test_copies_among_images_that_were_sent_are_flagged_when_they_are_embedded(
    api: Caller, work: Callable[[], int]
) -> None:
    photo = Image.linear_gradient("L").resize((200, 150)).rotate(30).convert("RGB")
    sent = [part(encoded(photo), "original.png"), part(encoded(photo, "JPEG"), "copy.jpg")]
    original, copy = api.send("/images", sent)["images"]
    work()
    assert api.get(f"/images/{copy['id']}")["near_duplicate_of"] == original["id"]
    assert api.get(f"/images/{original['id']}")["near_duplicate_of"] is None


def test_a_worker_that_dies_between_batches_is_continued_by_the_next(
    api: Caller, context: Context
) -> None:
    job_id = api.send("/images", parts("red", range(40)))["job_id"]

    class Killed(BaseException):
        """As abrupt as a signal: nothing of the job's own may tidy up after it."""

    def killed_after_the_first_batch(running: RunningJob) -> None:
        report = running.report

        def dying(**progress: object) -> None:
            report(**progress)  # type: ignore[arg-type]
            if progress["done"]:
                raise Killed

        running.report = dying  # type: ignore[method-assign]
        embed(running)

    first = claim(context, job_id, threading.Event())
    assert first is not None
    with pytest.raises(Killed):
        first.run(killed_after_the_first_batch)
    assert 0 < api.get("/images")["pending"] < 40
    assert get_job(context, job_id).state == "running"
    with context.database.write() as session:
        requeue_orphans(session, timedelta(0), 5)
    second = claim(context, job_id, threading.Event())
    assert second is not None
    second.run(embed)
    job = get_job(context, job_id)
    assert (job.state, job.attempts) == ("succeeded", 2)
    assert api.get("/images")["pending"] == 0


@pytest.fixture
def empty(context: Context, tmp_path: Path) -> Context:
    """The same service before its first encoder, with a folder for encoders of its own."""
    with context.database.write() as session:
        session.execute(update(ProjectRow).values(encoder_id=None))
        session.execute(delete(EncoderRow))
    return create_context(context.settings.model_copy(update={"data_dir": tmp_path / "other"}))


def test_registering_an_encoder_gives_it_to_projects_without_one(
    empty: Context, encoders_folder: Path, manifests: list[Manifest], tmp_path: Path
) -> None:
    source = shutil.copytree(encoders_folder / manifests[0].encoder_id, tmp_path / "source")
    job = request_encoder(empty, str(source))
    running = claim(empty, job.id, threading.Event())
    assert running is not None
    running.run(HANDLERS["register_encoder"])
    done = get_job(empty, job.id)
    assert (done.state, done.error) == ("succeeded", None)
    assert [each.id for each in list_encoders(empty)] == [manifests[0].encoder_id]
    assert get_project(empty, "default").encoder_id == manifests[0].encoder_id
    assert (empty.settings.encoders_dir / manifests[0].encoder_id / "model.onnx").exists()
    empty.database.close()


def test_a_spec_that_leads_nowhere_fails_with_words(
    context: Context, work: Callable[[], int], tmp_path: Path
) -> None:
    job = request_encoder(context, str(tmp_path / "missing"))
    work()
    failed = get_job(context, job.id)
    assert failed.state == "failed"
    assert "missing" in str(failed.error)
    assert len(list_encoders(context)) == 1
