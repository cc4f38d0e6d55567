"""The image store on S3, against a real S3 server on this machine."""

from collections.abc import Iterator
from datetime import timedelta

import boto3
import pytest
from moto.server import ThreadedMotoServer

from service.domain.entities import now
from service.domain.errors import NotFound
from service.storage.image_store import ImageStore

SHA256 = "ab" * 32


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[ImageStore]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket="handful")
    yield ImageStore("s3://handful/project", min_free_mb=200)
    server.stop()


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
