"""The image store on S3, against a real S3 server on this machine."""

from datetime import timedelta

import pytest

from service.domain.entities import now
from service.domain.errors import NotFound
from service.storage.image_store import ImageStore
from tests.s3_server import BUCKET

SHA256 = "ab" * 32


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
