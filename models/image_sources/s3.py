"""A bucket's prefix: objects as files in folders."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from models.image_sources.ahead import map_ahead
from models.image_sources.names import class_labels, printable, visible
from models.image_sources.source import ImageFile, SourceError, digest, unreadable
from models.images import MAX_BYTES

if TYPE_CHECKING:
    from obstore import ObjectMeta

# A request takes its time, but any number can be under way.
REQUESTS = 16
_FAILED = (BaseError, OSError)


@dataclass(frozen=True)
class S3Source:
    """The objects under `s3://bucket/prefix`, fetched several at once."""

    url: str

    def state(self) -> str:
        """Changes with the name, size and version of any object."""
        versions = (f"{o['path']} {o['size']} {_version(o)}" for o in self._objects().values())
        return f"{self.url} {digest(versions)}"

    @contextmanager
    def opened(self) -> Iterator[Iterable[ImageFile]]:
        """Sorted by name."""
        objects = self._objects()
        labels = class_labels(list(objects))
        store = open_bucket(self.url)

        def fetch(name: PurePosixPath) -> ImageFile:
            return _fetch(store, objects[name], printable(name), labels.get(name))

        yield map_ahead(fetch, objects, REQUESTS)

    def _objects(self) -> "dict[PurePosixPath, ObjectMeta]":
        """Objects by their names below the prefix, hidden ones left out."""
        store = open_bucket(self.url)
        try:
            entries = [entry for page in obstore.list(store) for entry in page]
        except _FAILED as error:
            raise SourceError(f"{self.url} cannot be listed: {_brief(error)}") from error
        # Consoles mark a folder by an empty object of its name.
        found = {
            path: entry
            for entry in entries
            if (path := PurePosixPath(entry["path"])).suffix or entry["size"]
        }
        return {name: found[name] for name in visible(found)}


def open_bucket(url: str) -> S3Store:
    """A bucket's prefix, with the credentials that AWS's own tools would find, roles too.

    Raises SourceError where boto3, which finds them, is not installed.
    """
    try:
        from obstore.auth.boto3 import Boto3CredentialProvider
    except ImportError as error:
        raise SourceError(f"{url} needs the extra 's3': pip install 'handful[s3]'") from error
    return S3Store.from_url(url, credential_provider=Boto3CredentialProvider())


def _fetch(store: S3Store, entry: "ObjectMeta", name: str, label: str | None) -> ImageFile:
    """An object's bytes, up to one more than an image may have."""
    length = min(entry["size"], MAX_BYTES + 1)
    try:
        data = (
            bytes(obstore.get_range(store, entry["path"], start=0, length=length))
            if length
            else b""
        )
    except _FAILED as error:
        return ImageFile(name, label, unreadable(f"it cannot be fetched: {_brief(error)}"))
    return ImageFile(name, label, lambda limit: data[:limit])


def _version(entry: "ObjectMeta") -> object:
    return entry["e_tag"] or entry["last_modified"]


def _brief(error: Exception) -> str:
    """Without the request's internals, which obstore prints below the first line."""
    return str(error).partition("\n")[0]
