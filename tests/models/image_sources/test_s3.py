"""Images in a bucket, on a real S3 server on this machine."""

import sys
from pathlib import Path
from typing import Any

import pytest

from models.image_sources import SourceError, open_sources
from tests.models.image_sources.pictures import contents
from tests.s3_server import BUCKET

URL = f"s3://{BUCKET}/pool"


def put(client: Any, name: str, data: bytes) -> None:
    client.put_object(Bucket=BUCKET, Key=name, Body=data)


def test_objects_under_the_prefix_come_sorted_with_their_folders_as_classes(
    s3_client: Any,
) -> None:
    for number in range(20):
        put(s3_client, f"pool/dog/{number:02}.png", bytes([number]))
    put(s3_client, "pool/cat/1.png", b"")
    put(s3_client, "pool/.hidden", b"1")
    put(s3_client, "pool/cat/", b"")  # how consoles mark a folder
    put(s3_client, "pools/dog/1.png", b"of another prefix")
    found = contents(URL)
    assert found[0] == ("cat/1.png", "cat", b"")
    assert found[1:] == [(f"dog/{n:02}.png", "dog", bytes([n])) for n in range(20)]


def test_the_state_changes_with_an_objects_content(s3_client: Any) -> None:
    put(s3_client, "pool/1.png", b"1")
    (source,) = open_sources(URL)
    before = source.state()
    assert source.state() == before
    put(s3_client, "pool/1.png", b"2")
    assert source.state() != before


def test_an_object_that_is_gone_by_its_turn_is_one_unreadable_file(s3_client: Any) -> None:
    put(s3_client, "pool/1.png", b"1")
    (source,) = open_sources(URL)
    with source.opened() as files:
        s3_client.delete_object(Bucket=BUCKET, Key="pool/1.png")
        (file,) = files
        with pytest.raises(Exception, match="cannot be fetched"):
            file.read(10)


def test_a_bucket_that_is_not_there_is_named(s3_client: Any) -> None:
    with pytest.raises(SourceError, match=r"s3://elsewhere/pool cannot be listed: .*404"):
        contents("s3://elsewhere/pool")


def test_without_boto3_the_error_names_the_extra(
    s3_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "obstore.auth.boto3", None)
    with pytest.raises(SourceError, match=r"handful\[s3\]"):
        contents(URL)


def test_without_credentials_the_error_says_how_to_give_some(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(SourceError, match="AWS_ACCESS_KEY_ID"):
        contents(URL)


@pytest.mark.parametrize("url", ["s3://", "s3:///pool", "s3://no bucket/pool"])
def test_what_names_no_bucket_is_refused(s3_client: Any, url: str) -> None:
    with pytest.raises(SourceError, match="names no bucket"):
        contents(url)
