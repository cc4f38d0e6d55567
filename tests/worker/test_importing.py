"""Imports by real handlers on real files: what comes in, and what is refused."""

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select

from service.domain.errors import NotFound
from service.storage.image_store import ImageStore
from service.storage.tables import ImageRow
from service.usecases.context import Context, create_context
from service.usecases.importing import list_errors
from tests.pictures import encoded, picture, png
from tests.service.caller import Caller
from tests.worker.imports import counts, fill, held, take


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
    assert {"Sea otter/Sea otter-0.png", "seal/seal-4.png"} <= names
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
    image = next(i for i in api.get("/images")["items"] if i["filename"] == "seal/seal-0.png")
    api.post("/labels", {"labels": [{"image_id": image["id"], "class_id": "otter"}]})
    again = take(reading, root)
    assert counts(again) == {"added": 0, "known": 10, "labelled": 0, "failed": 1}
    assert api.get(f"/images/{image['id']}")["class_id"] == "otter"
    [error] = list_errors(reading, again.id, 10)[0]
    assert error.file == "seal/seal-0.png"
    assert "otter" in error.reason


def test_an_image_whose_file_is_deleted_before_it_is_entered_is_told_of(
    reading: Context, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(root, "otter", each=3)
    lost = hashlib.sha256((root / "otter" / "otter-1.png").read_bytes()).hexdigest()
    sync = ImageStore.sync

    def sync_and_delete(store: ImageStore, sha256s: Iterable[str]) -> None:
        sync(store, sha256s)
        store.delete(lost)

    monkeypatch.setattr(ImageStore, "sync", sync_and_delete)
    job = take(reading, root)
    assert counts(job) == {"added": 2, "known": 0, "labelled": 2, "failed": 1}
    [error] = list_errors(reading, job.id, 10)[0]
    assert error.file == "otter/otter-1.png"
    assert "import it again" in error.reason


@pytest.mark.parametrize("labels", ["labels", "reference", "ignore"])
def test_classes_without_an_image_come_back_from_coco(
    reading: Context, root: Path, api: Caller, labels: str
) -> None:
    fill(root, "otter", each=1)
    coco = {
        "images": [{"id": 1, "file_name": "otter/otter-0.png"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 2}],
        "categories": [{"id": n, "name": name} for n, name in enumerate(("seal", "", "otter"))],
    }
    (root / "coco.json").write_text(json.dumps(coco))
    for _ in range(2):
        assert take(reading, root, labels=labels).state == "succeeded"
    found = {each["name"]: each["examples"] for each in api.get("/classes")["classes"]}
    assert found == ({"seal": 0, "otter": 1} if labels == "labels" else {})


@pytest.mark.parametrize("labels", ["labels", "reference", "ignore"])
def test_an_empty_folder_among_those_of_classes_comes_in_as_a_class(
    reading: Context, root: Path, api: Caller, labels: str
) -> None:
    fill(root, "otter", "seal", each=1)
    (root / "Red fox").mkdir()
    assert take(reading, root, labels=labels).state == "succeeded"
    found = [(each["name"], each["examples"]) for each in api.get("/classes")["classes"]]
    assert found == ([("Red fox", 0), ("otter", 1), ("seal", 1)] if labels == "labels" else [])


def test_headings_of_categories_come_back_from_coco_only_with_an_image(
    reading: Context, root: Path, api: Caller
) -> None:
    fill(root, "otter", "bird", each=1)
    headed = {"animals": "none", "otter": "animals", "person": "person", "bird": "", "owl": "bird"}
    coco = {
        "images": [
            {"id": 1, "file_name": "otter/otter-0.png"},
            {"id": 2, "file_name": "bird/bird-0.png"},
        ],
        "annotations": [{"image_id": 1, "category_id": 1}, {"image_id": 2, "category_id": 3}],
        "categories": [
            {"id": number, "name": name, "supercategory": heading}
            for number, (name, heading) in enumerate(headed.items())
        ],
    }
    (root / "coco.json").write_text(json.dumps(coco))
    assert take(reading, root).state == "succeeded"
    found = {each["name"]: each["examples"] for each in api.get("/classes")["classes"]}
    assert found == {"otter": 1, "person": 0, "bird": 1, "owl": 0}


def test_labels_may_measure_or_be_left_out(reading: Context, root: Path, api: Caller) -> None:
    fill(root, "Otter", "Seal", each=2)
    assert counts(take(reading, root, labels="ignore"))["labelled"] == 0
    take(reading, root, labels="reference")
    assert api.get("/classes")["classes"] == []
    with reading.database.read() as session:
        truths = session.scalars(select(ImageRow.reference_label)).all()
    assert sorted(map(str, truths)) == ["otter", "otter", "seal", "seal"]


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
        rows = session.scalars(select(ImageRow))
        by_name = {row.filename.removeprefix("otter/"): row.sha256 for row in rows}
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


@pytest.mark.parametrize("address", ["https://example.org/a.zip", "file:///etc"])
def test_an_address_is_no_place_to_import_from(reading: Context, address: str) -> None:
    job = take(reading, address)
    assert job.state == "failed"
    assert "in a CSV" in str(job.error)


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
