"""Imports by real handlers on real files: nothing lost, nothing doubled, whatever happens."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import func, select

from service.domain.entities import Job
from service.domain.errors import NotFound, StorageFull
from service.storage.jobs import requeue_orphans
from service.storage.tables import ExampleRow, ImageRow
from service.usecases.context import Context, create_context
from service.usecases.importing import list_errors, request_import
from service.usecases.jobs import cancel_job, get_job, resume_job
from tests.pictures import encoded, picture, png
from tests.service.caller import Caller
from worker import importing
from worker.importing import import_images
from worker.running import claim

# A worker that imports in small batches, until it is killed.
WORKER = """
import sys, threading
from service.settings import Settings
from service.usecases.context import create_context
from worker import importing
from worker.running import claim
importing.BATCH = 8
running = claim(create_context(Settings()), sys.argv[1], threading.Event())
running.run(importing.import_images)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder that imports may read."""
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder.resolve()


@pytest.fixture
def reading(context: Context, root: Path) -> Iterator[Context]:
    """A worker's context that may read the folder."""
    settings = context.settings.model_copy(update={"import_roots": str(root)})
    reading = create_context(settings)
    yield reading
    reading.database.close()


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


def test_a_folder_of_classes_comes_in_with_labels_and_names(
    reading: Context, root: Path, api: Caller
) -> None:
    fill(root, "Sea otter", "seal")
    (root / "seal" / "notes.txt").write_text("no image")
    (root / "seal" / "broken.png").write_bytes(png("red")[:60])
    job = take(reading, root)
    assert (job.state, job.error, job.done, job.total) == ("succeeded", None, 12, 12)
    assert counts(job) == {"added": 10, "known": 0, "labelled": 10, "failed": 2}
    classes = api.get("/classes")["classes"]
    assert {(each["name"], each["examples"]) for each in classes} == {("Sea otter", 5), ("seal", 5)}
    names = {image["filename"] for image in api.get("/images")["items"]}
    assert {"Sea otter-0.png", "seal-4.png"} <= names
    errors = api.get(f"/jobs/{job.id}/errors")
    assert errors["total"] == 2
    assert {each["file"] for each in errors["errors"]} == {"seal/broken.png", "seal/notes.txt"}
    table = api.http.get(f"/jobs/{job.id}/errors", params={"format": "csv"}).text
    assert table.startswith("file,reason\r\n")
    assert "seal/broken.png" in table


def test_importing_again_adds_nothing_and_keeps_what_people_changed(
    reading: Context, root: Path, api: Caller
) -> None:
    fill(root, "otter", "seal")
    take(reading, root)
    image = next(i for i in api.get("/images")["items"] if i["filename"] == "seal-0.png")
    api.post("/labels", {"labels": [{"image_id": image["id"], "class_id": "otter"}]})
    again = take(reading, root)
    assert counts(again) == {"added": 0, "known": 10, "labelled": 0, "failed": 1}
    assert api.get(f"/images/{image['id']}")["class_id"] == "otter"
    [error] = list_errors(reading, again.id, 10)[0]
    assert error.file == "seal/seal-0.png"
    assert "otter" in error.reason


def test_labels_may_measure_or_be_left_out(reading: Context, root: Path, api: Caller) -> None:
    fill(root, "Otter", "Seal", each=2)
    assert counts(take(reading, root, labels="ignore"))["labelled"] == 0
    take(reading, root, labels="reference")
    assert api.get("/classes")["classes"] == []
    with reading.database.read() as session:
        truths = session.scalars(select(ImageRow.reference_label)).all()
    assert sorted(map(str, truths)) == ["otter", "otter", "seal", "seal"]


def test_labels_come_with_their_images_or_not_at_all(
    reading: Context, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(root, "otter", "seal", each=8)
    monkeypatch.setattr(importing, "BATCH", 4)
    job_id = start(reading, root)
    seen: list[tuple[int, int]] = []
    watching = threading.Event()

    def watch() -> None:
        while not watching.wait(0.002):
            seen.append(held(reading))

    watcher = threading.Thread(target=watch)
    watcher.start()
    work(reading, job_id)
    watching.set()
    watcher.join()
    assert all(images == labels for images, labels in seen)
    assert held(reading) == (16, 16)


def test_a_worker_killed_twice_in_the_middle_loses_and_doubles_nothing(
    reading: Context, root: Path
) -> None:
    fill(root, "otter", "seal", each=200)
    (root / "otter" / "notes.txt").write_text("no image")
    job_id = start(reading, root)
    settings = reading.settings
    environment = os.environ | {
        "HANDFUL_DATA_DIR": str(settings.data_dir),
        "HANDFUL_DATABASE_URL": settings.database,
        "HANDFUL_REDIS_URL": settings.redis_url,
        "HANDFUL_IMPORT_ROOTS": settings.import_roots,
        "HANDFUL_MIN_FREE_MB": "0",
    }
    reached = 0
    for _ in range(2):
        with subprocess.Popen([sys.executable, "-c", WORKER, job_id], env=environment) as process:
            deadline = time.monotonic() + 90
            while get_job(reading, job_id).done <= reached and time.monotonic() < deadline:
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
        job = get_job(reading, job_id)
        assert reached < job.done < 401, "it was killed in the middle"
        assert job.state == "running"
        reached = job.done
        with reading.database.write() as session:
            requeue_orphans(session, timedelta(0), 5)
    job = work(reading, job_id)
    assert (job.state, job.done, job.attempts) == ("succeeded", 401, 3)
    assert counts(job) == {"added": 400, "known": 0, "labelled": 400, "failed": 1}
    assert held(reading) == (400, 400)
    assert list_errors(reading, job_id, 10)[1] == 1


def test_two_imports_of_the_same_at_once_add_nothing_twice(reading: Context, root: Path) -> None:
    fill(root, "otter", "seal", each=40)
    # Two requests of the same are one job; another format makes it a second one.
    ids = [start(reading, root), start(reading, root, format="folder")]
    threads = [threading.Thread(target=work, args=(reading, job_id)) for job_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = [get_job(reading, job_id) for job_id in ids]
    assert [job.state for job in done] == ["succeeded", "succeeded"]
    assert sum(counts(job)["added"] for job in done) == 80
    assert sum(counts(job)["labelled"] for job in done) == 80
    assert held(reading) == (80, 80)


def test_a_cancelled_import_goes_on_where_it_stopped(
    reading: Context, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(root, "otter", each=60)
    monkeypatch.setattr(importing, "BATCH", 10)
    job_id = start(reading, root)
    running = claim(reading, job_id, threading.Event())
    assert running is not None
    check = running.check

    def cancelled_after_two_batches() -> None:
        if get_job(reading, job_id).done >= 20:
            cancel_job(reading, job_id)
            running._lost.set()
        check()

    running.check = cancelled_after_two_batches  # type: ignore[method-assign]
    running.run(import_images)
    stopped = get_job(reading, job_id)
    assert (stopped.state, stopped.done) == ("cancelled", 20)
    assert held(reading) == (20, 20)
    assert resume_job(reading, job_id).state == "queued"
    done = work(reading, job_id)
    assert (done.state, done.done) == ("succeeded", 60)
    assert counts(done) == {"added": 60, "known": 0, "labelled": 60, "failed": 0}


def test_a_source_that_changed_meanwhile_is_read_again_without_doubling(
    reading: Context, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(root, "otter", each=20)
    monkeypatch.setattr(importing, "BATCH", 5)
    store, kept = reading.images, reading.images.put_image
    calls = iter(range(1000))

    def full(sha256: str, data: bytes) -> None:
        if next(calls) >= 12:
            raise StorageFull("storage-full", "The image was not kept: no space is left.")
        kept(sha256, data)

    monkeypatch.setattr(store, "put_image", full)
    job = take(reading, root)
    assert job.state == "failed"
    assert "no space" in str(job.error)
    assert 0 < held(reading)[0] < 20
    monkeypatch.setattr(store, "put_image", kept)
    (root / "otter" / "a-new-first.png").write_bytes(png("blue"))
    resume_job(reading, job.id)
    assert work(reading, job.id).state == "succeeded"
    assert held(reading) == (21, 21)


def test_a_full_disk_fails_the_import_and_what_is_in_is_kept(
    reading: Context, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(root, "otter", each=12)
    calls = iter(range(1000))

    def full(*_: object) -> None:
        if next(calls) >= 6:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("obstore.put", full)
    monkeypatch.setattr(reading.images, "has", lambda _: True)
    job = take(reading, root)
    assert (job.state, "Free some space" in str(job.error)) == ("failed", True)
    images, labels = held(reading)
    assert images == labels
    monkeypatch.undo()
    resume_job(reading, job.id)
    assert work(reading, job.id).state == "succeeded"
    assert held(reading) == (12, 12)


def test_copies_to_the_eye_are_flagged_and_found_by_a_filter(
    reading: Context, root: Path, api: Caller
) -> None:
    photo = Image.linear_gradient("L").resize((200, 150)).rotate(30).convert("RGB")
    photo.paste(picture("blue", 1).resize((60, 60)), (20, 30))
    (root / "0.png").write_bytes(encoded(photo))
    (root / "1.jpg").write_bytes(encoded(photo, "JPEG", quality=70))
    (root / "2.png").write_bytes(encoded(photo.resize((100, 75))))
    (root / "3.png").write_bytes(encoded(photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT)))
    job = take(reading, root)
    assert job.outcome is not None
    assert job.outcome["near_duplicates"] == 2
    original, jpeg, small, mirrored = api.get("/images", order="oldest")["items"]
    assert jpeg["near_duplicate_of"] == small["near_duplicate_of"] == original["id"]
    assert original["near_duplicate_of"] is mirrored["near_duplicate_of"] is None
    found = api.get("/images", filter="near-duplicates")
    assert {image["id"] for image in found["items"]} == {jpeg["id"], small["id"]}
    api.delete(f"/images/{original['id']}")
    assert api.get(f"/images/{jpeg['id']}")["near_duplicate_of"] is None
    assert api.get(f"/images/{small['id']}")["near_duplicate_of"] == jpeg["id"]


def test_referenced_files_are_read_where_they_are_and_only_as_they_were(
    reading: Context, root: Path
) -> None:
    fill(root, "otter", each=4)
    assert take(reading, root, keep="reference").state == "succeeded"
    assert not list((reading.settings.data_dir / "store").glob("images/*/*"))
    with reading.database.read() as session:
        by_name = {row.filename: row.sha256 for row in session.scalars(select(ImageRow))}
    file, other, third, fourth = (root / "otter" / f"otter-{n}.png" for n in range(4))
    assert reading.images.image(by_name[file.name]) == file.read_bytes()
    os.utime(file)  # touched, and the same
    assert reading.images.image(by_name[file.name]) == file.read_bytes()
    other.write_bytes(png("blue"))
    third.unlink()
    shutil.move(fourth, root.parent / "outside.png")
    fourth.symlink_to(root.parent / "outside.png")
    for lost in (other, third, fourth):
        with pytest.raises(NotFound, match=lost.name):
            reading.images.image(by_name[lost.name])
        assert reading.images.thumbnail(by_name[lost.name])


def test_a_folder_that_left_the_roots_is_read_no_more(reading: Context, root: Path) -> None:
    fill(root, "otter", each=1)
    take(reading, root, keep="reference")
    with reading.database.read() as session:
        sha256 = session.scalars(select(ImageRow.sha256)).one()
    without = create_context(reading.settings.model_copy(update={"import_roots": ""}))
    with pytest.raises(NotFound, match="HANDFUL_IMPORT_ROOTS"):
        without.images.image(sha256)
    without.database.close()
    assert take(reading, root).state == "succeeded"  # copied now
    assert reading.images.has_copy(sha256, (root / "otter" / "otter-0.png").stat().st_size)


def test_a_place_outside_of_the_roots_is_refused(reading: Context, root: Path) -> None:
    outside = root.parent / "secret"
    fill(outside, "otter", each=1)
    (root / "link").symlink_to(outside)
    for place in (outside, root / "link", root / ".." / "secret"):
        job = take(reading, place)
        assert job.state == "failed"
        assert "HANDFUL_IMPORT_ROOTS" in str(job.error)
    assert held(reading) == (0, 0)


def test_a_zip_comes_in_like_its_folder(reading: Context, root: Path, tmp_path: Path) -> None:
    fill(tmp_path / "plain", "otter", "seal", each=3)
    with zipfile.ZipFile(root / "animals.zip", "w") as archive:
        for file in sorted((tmp_path / "plain").rglob("*.png")):
            archive.write(file, file.relative_to(tmp_path / "plain"))
    assert counts(take(reading, root / "animals.zip"))["labelled"] == 6


def test_names_that_are_no_text_are_told_all_the_same(
    reading: Context, root: Path, api: Caller
) -> None:
    (root / "1.csv").write_bytes("path,label\ncafé.png,a\n1.png,b\n".encode("latin-1"))
    (root / "1.png").write_bytes(png("red"))
    job = take(reading, root / "1.csv")
    assert counts(job) == {"added": 1, "known": 0, "labelled": 1, "failed": 1}
    assert "café" in api.http.get(f"/jobs/{job.id}/errors").json()["errors"][0]["file"]
    assert "café" in api.http.get(f"/jobs/{job.id}/errors?format=csv").text


def test_an_import_that_fails_for_such_a_name_says_so(
    reading: Context, root: Path, api: Caller
) -> None:
    with open(os.fsencode(root) + b"/1.\xe9", "wb"):  # noqa: PTH123 - no Path is of bytes
        pass
    job = take(reading, root)
    assert job.state == "failed"
    assert "holds no images" in api.http.get(f"/jobs/{job.id}").json()["error"]


def test_a_class_called_as_another_ones_id_is_a_class_of_its_own(
    reading: Context, root: Path, api: Caller
) -> None:
    fill(root, "C++", "c", each=1)
    assert counts(take(reading, root))["labelled"] == 2
    classes = api.http.get("/classes").json()["classes"]
    assert [each["name"] for each in classes] == ["C++", "c"]


def test_a_file_that_lost_its_bytes_is_mended_by_importing_again(
    reading: Context, root: Path, api: Caller
) -> None:
    fill(root, "seal", each=1)
    take(reading, root)
    sha256 = api.get("/images/1")["sha256"]
    (Path(reading.settings.store) / "images" / sha256[:2] / sha256).write_bytes(b"")
    assert counts(take(reading, root))["known"] == 1
    assert api.http.get("/images/1/file").content == (root / "seal" / "seal-0.png").read_bytes()
