"""From what a user names to the images it holds."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from models.image_sources import ImageFile, ImageSource, SourceError
from service.interchange.bucket_tree import BucketTree
from service.interchange.folder_layout import read_folders
from service.interchange.folder_tree import FolderTree
from service.interchange.formats import ImportFormat
from service.interchange.roots import allowed_path
from service.interchange.tar_tree import open_tar
from service.interchange.tree import Tree
from service.interchange.urls import UrlPolicy
from service.interchange.zip_tree import open_zip

TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")


def open_import(
    text: str,
    format: ImportFormat = "auto",  # noqa: A002
    *,
    roots: Sequence[Path],
    urls: UrlPolicy,
    scratch: Path | None = None,
) -> ImageSource:
    """The images that `text` names: a path on this machine inside of `roots`, or `s3://..`.

    Quick: only the place is looked at; what is in it, when the source is opened. `scratch` is a
    folder for what is unpacked meanwhile. Files of buckets and of URLs are fetched when they are
    read, so read them in many threads. Raises SourceError.
    """
    if text.startswith("s3://"):
        return Import(text, None, format, tuple(roots), urls, scratch)
    place = allowed_path(text, roots)
    return Import(text, place, format, tuple(roots), urls, scratch)


@dataclass(frozen=True)
class Import:
    """One place to import from."""

    text: str
    place: Path | None
    format: ImportFormat
    roots: tuple[Path, ...]
    urls: UrlPolicy
    scratch: Path | None

    def state(self) -> str:
        """Changes with the names in a folder or bucket, and with an archive's content."""
        if self.place is not None and self.place.is_file():
            status = self.place.stat()
            return f"{self.place} {status.st_size} {status.st_mtime_ns}"
        with self._tree() as tree:
            total = hashlib.sha256()
            for name in tree.names():
                total.update(name.encode("utf-8", "surrogateescape") + b"\0")
        return f"{self.text} {total.hexdigest()}"

    @contextmanager
    def opened(self) -> Iterator[Iterable[ImageFile]]:
        """In an order that is always the same. Raises SourceError, where there is no image too."""
        with self._tree() as tree:
            yield read_folders(tree)

    def _tree(self) -> AbstractContextManager[Tree]:
        if self.place is None:
            return nullcontext(BucketTree(self.text))
        if self.place.is_dir():
            return nullcontext(FolderTree(self.place, self.roots))
        if self.place.name.lower().endswith(TAR_SUFFIXES):
            return open_tar(self.place, self.scratch)
        if self.place.suffix.lower() == ".zip":
            return open_zip(self.place)
        raise SourceError(f"{self.text} is of no kind that can be imported")
