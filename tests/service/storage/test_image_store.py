"""Images by content, in a folder."""

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


def test_a_nearly_full_disk_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    ImageStore(str(tmp_path / "store"), min_free_mb=0).require_room()
    with pytest.raises(StorageFull, match="Free some space"):
        ImageStore(str(tmp_path / "store"), min_free_mb=10**9).require_room()
