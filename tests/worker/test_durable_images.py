"""What is acknowledged is on the disk: files and folders are synced before rows name them."""

import os
from pathlib import Path

import pytest
from sqlalchemy import event

from service.storage import durable
from service.storage.durable import sync_files
from service.storage.image_store import ImageStore
from service.usecases.context import Context
from tests.pictures import parts
from tests.service.caller import Caller
from tests.worker.imports import fill, take

SHA = "ab" * 32


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> set[Path]:
    """Every file and folder that was synced so far."""
    paths: set[Path] = set()
    sync, sync_all = os.fsync, durable._sync_file_system

    def note(descriptor: int) -> None:
        sync(descriptor)
        paths.add(Path(f"/proc/self/fd/{descriptor}").readlink())

    def note_all(folder: Path) -> bool:
        done = sync_all(folder)
        paths.update((folder, *folder.rglob("*")))
        return done

    monkeypatch.setattr(os, "fsync", note)
    monkeypatch.setattr(durable, "_sync_file_system", note_all)
    return paths


def lacking_at_commits(context: Context, synced: set[Path]) -> list[set[Path]]:
    """At each commit from now on, the files and folders of the store that were not synced yet."""
    lacking: list[set[Path]] = []
    folder = Path(context.settings.store)

    def note(_: object) -> None:
        lacking.append({path for path in (folder, *folder.rglob("*")) if path not in synced})

    event.listen(context.database.engine, "commit", note)
    return lacking


def test_an_image_is_synced_with_its_thumbnail_and_the_folders_above(
    tmp_path: Path, synced: set[Path]
) -> None:
    store = ImageStore(str(tmp_path / "store"))
    store.put_image(SHA, b"image")
    store.put_thumbnail(SHA, b"thumbnail")
    store.sync([SHA])
    assert synced >= {tmp_path / "store", *(tmp_path / "store").rglob("*")}


def test_files_that_were_deleted_meanwhile_are_passed_over(tmp_path: Path) -> None:
    sync_files([tmp_path / "gone" / "image"], tmp_path)


def test_images_sent_are_on_the_disk_when_their_rows_are_committed(
    api: Caller, synced: set[Path]
) -> None:
    lacking = lacking_at_commits(api.context, synced)
    api.send("/images", parts("red", range(2)))
    assert not lacking[-1]


@pytest.mark.parametrize("many", [1, 1000], ids=["whole file system", "file by file"])
def test_images_imported_are_on_the_disk_when_their_rows_are_committed(
    reading: Context, root: Path, synced: set[Path], monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr(durable, "MANY", many)
    fill(root, "otter", each=5)
    lacking = lacking_at_commits(reading, synced)
    assert take(reading, root).state == "succeeded"
    assert not lacking[-1]
