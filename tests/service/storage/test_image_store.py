"""Images by content, in a folder."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.domain.errors import NotFound, StorageFull
from service.storage.image_store import ImageStore

SHA = "ab" * 32


def test_what_was_put_comes_back(tmp_path: Path) -> None:
    store = ImageStore(str(tmp_path / "store"))
    store.put_image(SHA, b"image")
    store.put_thumbnail(SHA, b"thumbnail")
    store.put_image(SHA, b"image")
    assert (store.image(SHA), store.thumbnail(SHA)) == (b"image", b"thumbnail")
    assert store.has(SHA)
    assert ImageStore(str(tmp_path / "store")).image(SHA) == b"image"


def test_what_is_missing_is_said_so(tmp_path: Path) -> None:
    store = ImageStore(str(tmp_path / "store"))
    for read in (store.image, store.thumbnail):
        with pytest.raises(NotFound, match=SHA):
            read(SHA)
    assert not store.has(SHA)


def test_deleting_takes_image_and_thumbnail_and_minds_no_gaps(tmp_path: Path) -> None:
    store = ImageStore(str(tmp_path / "store"))
    store.put_image(SHA, b"image")
    store.put_thumbnail(SHA, b"thumbnail")
    store.delete(SHA)
    store.delete(SHA)
    assert not [file for file in (tmp_path / "store").rglob("*") if file.is_file()]


def test_deleting_many_minds_no_gaps_either(tmp_path: Path) -> None:
    store = ImageStore(str(tmp_path / "store"))
    names = [f"{number:064x}" for number in range(6)]
    for name in names[1:5]:
        store.put_image(name, b"image")
    store.put_thumbnail(names[4], b"thumbnail")
    assert store.present(names) == set(names[1:5])
    store.delete(*names[:5])
    assert not [file for file in (tmp_path / "store").rglob("*") if file.is_file()]


def test_a_nearly_full_disk_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    ImageStore(str(tmp_path / "store"), min_free_mb=0).require_room()
    with pytest.raises(StorageFull, match="Free some space"):
        ImageStore(str(tmp_path / "store"), min_free_mb=10**9).require_room()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a full disk: mounting a small one needs more rights than these")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_fills_up_keeps_what_was_kept(small_disk: Path) -> None:
    store = ImageStore(str(small_disk / "store"))
    kept: list[str] = []

    def fill() -> None:
        for number in range(100):
            name = f"{number:064x}"
            store.put_image(name, bytes(20_000))
            kept.append(name)

    with pytest.raises(StorageFull, match="Free some space"):
        fill()
    assert kept
    assert all(store.image(name) == bytes(20_000) for name in kept)
    assert not store.has(f"{len(kept):064x}"), "nothing is half written"
