"""The objects under a bucket's prefix."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from models.image_sources.names import in_order, is_hidden, suffix
from models.image_sources.source import SourceError, UnreadableFile, digest
from models.images import MAX_BYTES

if TYPE_CHECKING:
    from obstore import ObjectMeta

_FAILED = (BaseError, OSError)


class BucketTree:
    """Objects as files, fetched when they are read: by many threads at once where that matters."""

    def __init__(self, url: str) -> None:
        """Raises SourceError where the prefix cannot be listed."""
        self.where = url
        self._store = open_bucket(url)
        self._sizes = {entry["path"]: entry["size"] for entry in _objects(self._store, url)}

    def names(self) -> list[str]:
        """Folder by folder, sorted."""
        return in_order(self._sizes)

    def empty_folders(self) -> list[str]:
        """None: a bucket's folders are what its objects are called by."""
        return []

    def has(self, name: str) -> bool:
        """Whether there is an object of this name."""
        return name in self._sizes

    def open(self, name: str) -> BinaryIO:
        """An object; what is larger than any image comes piece by piece."""
        try:
            if self._sizes[name] > MAX_BYTES:
                return cast("BinaryIO", obstore.open_reader(self._store, name))
            return io.BytesIO(obstore.get(self._store, name).bytes())
        except _FAILED as error:
            raise UnreadableFile(f"it cannot be fetched: {_brief(error)}") from error

    def path(self, name: str) -> Path | None:  # noqa: ARG002
        """Nowhere on this machine."""
        return None


def bucket_state(url: str) -> str:
    """What changes with the name, size and version of any object. Raises SourceError."""
    versions = sorted(
        f"{each['path']} {each['size']} {each['e_tag'] or each['last_modified']}"
        for each in _objects(open_bucket(url), url)
        if not is_hidden(each["path"])
    )
    return f"{url} {digest(versions)}"


def open_bucket(url: str) -> S3Store:
    """A bucket's prefix, with the credentials that AWS's own tools would find, roles too.

    Raises SourceError where boto3, which finds them, is not installed, where it finds none, and
    for what names no bucket.
    """
    try:
        from obstore.auth.boto3 import Boto3CredentialProvider
    except ImportError as error:
        raise SourceError(f"{url} needs the extra 's3': pip install 'handful[s3]'") from error
    try:
        credentials = Boto3CredentialProvider()
    except ValueError as error:
        raise SourceError(
            f"{url} needs credentials, and there are none: set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, or give this machine a role"
        ) from error
    try:
        return S3Store.from_url(url, credential_provider=credentials)
    except (BaseError, ValueError) as error:
        raise SourceError(f"{url} names no bucket: {_brief(error)}") from error


def _objects(store: S3Store, url: str) -> "Iterator[ObjectMeta]":
    try:
        for page in obstore.list(store):
            # Consoles mark a folder by an empty object of its name.
            yield from (each for each in page if suffix(each["path"]) or each["size"])
    except _FAILED as error:
        raise SourceError(f"{url} cannot be listed: {_brief(error)}") from error


def _brief(error: Exception) -> str:
    """Without the request's internals, which obstore prints below the first line."""
    return str(error).partition("\n")[0]
