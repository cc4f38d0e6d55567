"""The objects under a bucket's prefix."""

import io
from pathlib import Path
from typing import BinaryIO, cast

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from models.image_sources import SourceError, UnreadableFile
from models.image_sources.s3 import open_bucket
from models.images import MAX_BYTES
from service.interchange.names import is_hidden

_FAILED = (BaseError, OSError)


class BucketTree:
    """Objects as files, fetched when they are read: by many threads at once where that matters."""

    def __init__(self, url: str) -> None:
        """Raises SourceError where the prefix cannot be listed."""
        self.where = url
        try:
            self._store: S3Store = open_bucket(url)
            self._sizes = {
                entry["path"]: entry["size"]
                for page in obstore.list(self._store)
                for entry in page
                if "." in entry["path"] or entry["size"]  # consoles mark folders by empty objects
            }
        except _FAILED as error:
            raise SourceError(f"{url} cannot be listed: {_brief(error)}") from error

    def names(self) -> list[str]:
        """Sorted."""
        return sorted(name for name in self._sizes if not is_hidden(name))

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


def _brief(error: Exception) -> str:
    """Without the request's internals, which obstore prints below the first line."""
    return str(error).partition("\n")[0]
