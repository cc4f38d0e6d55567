"""Images in a bucket, on a real S3 server on this machine."""

from typing import Any

import pytest

from service.interchange import SourceError, UrlPolicy, open_import
from tests.s3_server import BUCKET
from tests.service.interchange.reading import Read, read

URL = f"s3://{BUCKET}/pool"


def put(client: Any, name: str, data: bytes) -> None:
    client.put_object(Bucket=BUCKET, Key=name, Body=data)


def test_objects_are_files_in_folders(s3_client: Any) -> None:
    put(s3_client, "pool/dog/1.png", b"d")
    put(s3_client, "pool/cat/1.png", b"c")
    put(s3_client, "pool/cat/", b"")  # how consoles mark a folder
    put(s3_client, "pools/dog/1.png", b"of another prefix")
    expected = [Read("cat/1.png", "cat", b"c"), Read("dog/1.png", "dog", b"d")]
    assert read(URL, roots=[]) == expected
    assert read(URL, "s3", roots=[]) == expected


def test_a_table_in_a_bucket_tells_the_classes(s3_client: Any) -> None:
    put(s3_client, "pool/images/1.png", b"1")
    put(s3_client, "pool/labels.csv", b"path,label\nimages/1.png,cat\nimages/2.png,dog\n")
    one, two = read(URL, roots=[])
    assert one == Read("images/1.png", "cat", b"1")
    assert "images/2.png is not in" in str(two.content)


def test_an_object_that_is_gone_by_its_turn_is_one_unreadable_file(s3_client: Any) -> None:
    put(s3_client, "pool/1.png", b"1")
    with open_import(URL, roots=[], urls=UrlPolicy()).opened() as files:
        s3_client.delete_object(Bucket=BUCKET, Key="pool/1.png")
        (file,) = files
        with pytest.raises(Exception, match="cannot be fetched"):
            file.read(10)


def test_a_prefix_without_objects_and_a_bucket_that_is_not_there_are_named(s3_client: Any) -> None:
    with pytest.raises(SourceError, match=r"s3://handful/pool holds no images: it is empty"):
        read(URL, roots=[])
    with pytest.raises(SourceError, match=r"s3://elsewhere/pool cannot be listed"):
        read("s3://elsewhere/pool", roots=[])
    with pytest.raises(SourceError, match="is no zip, it is of the kind s3"):
        read(URL, "zip", roots=[])
