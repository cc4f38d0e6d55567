"""Images by content: one object a sha256, in a folder or in S3, beside a thumbnail of it."""

import errno
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import compress
from pathlib import Path, PurePosixPath

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

from models.image_sources.ahead import map_ahead
from models.image_sources.s3 import open_bucket
from service.domain.errors import NotFound, StorageFull
from service.storage.durable import sync_files
from service.storage.references import Reference, read_reference

IMAGES = "images"
REFERENCES = "references"
# Objects of a bucket that are asked for side by side.
REQUESTS = 32


class ImageStore:
    """Content-addressed bytes; writing the same content twice is harmless.

    Of an image it may hold a pointer to a file inside of `roots` instead.
    """

    def __init__(self, url: str, *, min_free_mb: int = 0, roots: Sequence[Path] = ()) -> None:
        self._roots = tuple(roots)
        self._folder = None if "://" in url else Path(url)
        self._min_free_bytes = min_free_mb * 2**20
        self._store = open_store(url)

    @property
    def is_remote(self) -> bool:
        """Whether each read crosses a network."""
        return self._folder is None

    def put_image(self, sha256: str, data: bytes) -> None:
        """Keep an image's original bytes. Raises StorageFull where there is no room."""
        self._put(_image_path(sha256), data)

    def refer(self, sha256: str, reference: Reference) -> None:
        """Keep where an image's file lies, in place of its bytes. Raises StorageFull."""
        self._put(_reference_path(sha256), reference.dump())

    def put_thumbnail(self, sha256: str, data: bytes) -> None:
        """Keep an image's WebP thumbnail. Raises StorageFull where there is no room."""
        self._put(_thumbnail_path(sha256), data)

    def sync(self, sha256s: Iterable[str]) -> None:
        """Wait until a power cut cannot take these images: to be called before rows name them.

        A disk takes hardly longer for many than for one. A bucket has what it acknowledged.
        """
        paths = (_image_path, _reference_path, _thumbnail_path)
        if self._folder is not None:
            files = [self._folder / path(each) for each in sha256s for path in paths]
            sync_files(files, self._folder)

    def image(self, sha256: str) -> bytes:
        """An image's original bytes. Raises NotFound where they are missing or not the same."""
        try:
            return self._get(_image_path(sha256))
        except NotFound as missing:
            try:
                pointer = self._get(_reference_path(sha256))
            except NotFound:
                raise missing from None
        return read_reference(pointer, sha256, self._roots)

    def thumbnail(self, sha256: str) -> bytes:
        """A picture of the image: WebP, or a small image itself. Raises NotFound."""
        try:
            return self._get(_thumbnail_path(sha256))
        except NotFound:
            return self.image(sha256)

    def has(self, sha256: str) -> bool:
        """Whether an image with this content, or a pointer to it, is here."""
        return any(self._exists(path) for path in (_image_path(sha256), _reference_path(sha256)))

    def present(self, sha256s: Iterable[str]) -> set[str]:
        """Those of the contents that `has` is true of; a bucket is asked for many at once."""
        asked = list(sha256s)
        found = map_ahead(self.has, asked, REQUESTS) if self.is_remote else map(self.has, asked)
        return set(compress(asked, found))

    def has_copy(self, sha256: str, size: int) -> bool:
        """Whether all bytes of an image with this content are here.

        A machine that loses its power may leave a file of the right name without them.
        """
        path = _image_path(sha256)
        if self._folder is not None:
            file = self._folder / path
            return file.is_file() and file.stat().st_size == size
        try:
            return obstore.head(self._store, path)["size"] == size
        except (NotFoundError, FileNotFoundError):
            return False

    def contents_before(self, moment: datetime) -> Iterator[str]:
        """The sha256 of every image that was last written before this moment."""
        for prefix in (IMAGES, REFERENCES):
            for page in obstore.list(self._store, prefix=prefix):
                for entry in page:
                    if entry["last_modified"] < moment:
                        yield PurePosixPath(entry["path"]).name

    def delete(self, *sha256s: str) -> None:
        """Drop images and their thumbnails; nothing happens where they are missing."""
        # Images last: an upload of the same content that comes between finds it gone, and says
        # so, where with the image first it could be left without its thumbnail.
        self._delete([_thumbnail_path(each) for each in sha256s])
        self._delete([path(each) for each in sha256s for path in (_image_path, _reference_path)])

    def require_room(self) -> None:
        """Raise StorageFull where the disk is nearly full, before anything is half written."""
        if self._folder is None:
            return
        free = shutil.disk_usage(self._folder).free
        if free < self._min_free_bytes:
            raise _full(
                f"{free / 2**20:.0f} MB are free, and {self._min_free_bytes / 2**20:.0f} MB are "
                "kept for the database (HANDFUL_MIN_FREE_MB)."
            )

    def _exists(self, path: str) -> bool:
        if self._folder is not None:  # without a call through obstore, which takes ten times longer
            return os.path.isfile(f"{self._folder}/{path}")  # noqa: PTH113
        try:
            obstore.head(self._store, path)
        except (NotFoundError, FileNotFoundError):
            return False
        return True

    def _delete(self, paths: Sequence[str]) -> None:
        try:
            obstore.delete(self._store, paths)
        except (NotFoundError, FileNotFoundError):
            # Where something is missing a folder stops; S3 passes over it, and has all in one call.
            for path in paths if len(paths) > 1 else ():
                self._delete([path])

    def _put(self, path: str, data: bytes) -> None:
        try:
            obstore.put(self._store, path, data)
        except (BaseError, OSError) as error:
            if getattr(error, "errno", None) == errno.ENOSPC or "No space left" in str(error):
                raise _full("No space is left on the device.") from error
            raise

    def _get(self, path: str) -> bytes:
        try:
            if self._folder is not None:  # without obstore: a third of the time for a small file
                return (self._folder / path).read_bytes()
            return bytes(obstore.get(self._store, path).bytes())
        except (NotFoundError, FileNotFoundError) as error:
            raise NotFound(
                "missing-file", f"The image store has no '{path}': was its folder changed?"
            ) from error


def open_store(url: str) -> ObjectStore:
    """The folder or bucket of an URL."""
    if url.startswith("s3://"):
        return open_bucket(url)
    return from_url(url) if "://" in url else LocalStore(url, mkdir=True)


def _full(why: str) -> StorageFull:
    return StorageFull(
        "storage-full", f"The image was not kept: {why} Free some space, then send it again."
    )


def _image_path(sha256: str) -> str:
    return f"{IMAGES}/{sha256[:2]}/{sha256}"


def _reference_path(sha256: str) -> str:
    return f"{REFERENCES}/{sha256[:2]}/{sha256}"


def _thumbnail_path(sha256: str) -> str:
    return f"thumbnails/{sha256[:2]}/{sha256}.webp"
