"""The image store on S3, against a real S3 server on this machine."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier
from typing import Any

import obstore
import pytest

from service.domain.entities import now
from service.domain.errors import NotFound
from service.storage.image_store import ImageStore
from tests.s3_server import BUCKET

SHA256 = "ab" * 32
MANY = [f"{number:064x}" for number in range(8)]


@pytest.fixture
def store(s3_client: object) -> ImageStore:
    return ImageStore(f"s3://{BUCKET}/project", min_free_mb=200)


def test_an_image_and_its_thumbnail_come_back_as_they_went_in(store: ImageStore) -> None:
    store.require_room()  # a bucket always has room
    store.put_image(SHA256, b"image")
    store.put_thumbnail(SHA256, b"thumbnail")
    assert (store.image(SHA256), store.thumbnail(SHA256)) == (b"image", b"thumbnail")
    assert list(store.contents_before(now() + timedelta(minutes=1))) == [SHA256]


def test_a_deleted_image_is_not_found_and_may_be_deleted_again(store: ImageStore) -> None:
    store.put_image(SHA256, b"image")
    store.delete(SHA256)
    store.delete(SHA256)
    with pytest.raises(NotFound, match="image store"):
        store.image(SHA256)


def test_many_images_are_asked_for_side_by_side(
    store: ImageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in MANY:
        store.put_image(name, b"image")
    together, head = Barrier(len(MANY)), obstore.head

    def head_together(*asked: Any) -> Any:
        together.wait(120)
        return head(*asked)

    monkeypatch.setattr(obstore, "head", head_together)
    assert store.present(MANY) == set(MANY)
    monkeypatch.undo()
    store.delete(*MANY[::2])
    assert store.present([*MANY, SHA256]) == set(MANY[1::2])


def test_many_images_are_deleted_in_two_calls_their_thumbnails_first(
    store: ImageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in MANY:
        store.put_image(name, b"image")
    for name in MANY[:3]:  # the others are their own
        store.put_thumbnail(name, b"thumbnail")
    calls: list[list[str]] = []
    delete: Callable[..., None] = obstore.delete

    def counted(bucket: object, paths: list[str]) -> None:
        calls.append(paths)
        delete(bucket, paths)

    monkeypatch.setattr(obstore, "delete", counted)
    store.delete(*MANY)
    assert store.present(MANY) == set()
    thumbnails, rest = calls
    assert [path.partition("/")[0] for path in thumbnails] == ["thumbnails"] * len(MANY)
    assert {path.partition("/")[0] for path in rest} == {"images", "references"}
    with pytest.raises(NotFound, match="image store"):
        store.thumbnail(MANY[0])
