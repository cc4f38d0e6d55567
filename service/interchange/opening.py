"""From what a user names to the images it holds."""

import itertools
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from models.image_sources import ImageFile, SourceError
from models.image_sources.folder_tree import FolderTree
from models.image_sources.names import image_names
from models.image_sources.records import ending_with_damage
from models.image_sources.s3 import BucketTree
from models.image_sources.tar_tree import Scratch, is_tar, open_tar
from models.image_sources.tree import Tree
from models.image_sources.zip_tree import open_zip
from service.interchange.folder_layout import read_folders
from service.interchange.formats import ImportFormat, Layout
from service.interchange.layouts import Found, class_names, count_records, find_layout, reader_of
from service.interchange.listed import listed_files
from service.interchange.locating import Locator
from service.interchange.roots import allowed_path
from service.interchange.urls import Fetcher, UrlPolicy

ANNOTATIONS = (".csv", ".tsv", ".json", ".jsonl", ".parquet")
# The system's folder for temporary files, all of it.
NO_SCRATCH = Scratch()
# What is asked for where it is not left to be found out; the rest say where it lies.
_LAYOUTS: dict[ImportFormat, Layout] = {
    "folder": "folder",
    "csv": "csv",
    "coco": "coco",
    "labelstudio": "labelstudio",
    "hf": "hf",
    "parquet": "parquet",
}


def open_import(
    text: str,
    format: ImportFormat = "auto",  # noqa: A002
    *,
    roots: Sequence[Path],
    urls: UrlPolicy,
    scratch: Scratch = NO_SCRATCH,
) -> "ImportSource":
    """The images that `text` names: a path on this machine inside of `roots`, or `s3://..`.

    Quick: only the place is looked at; what is in it, when the source is opened. `scratch` is
    for what is unpacked meanwhile. Files of buckets and of URLs are fetched when they are
    read, so read them in many threads. Raises SourceError.
    """
    if text.startswith("s3://"):
        place = None
    elif "://" in text:
        raise SourceError(
            f"{text} is no place to import from: give a folder or file of the service's machine or "
            "an s3:// prefix, upload the file, or list single addresses in a CSV"
        )
    else:
        place = allowed_path(text, roots)
    _check_kind(text, place, format)
    return ImportSource(text, place, format, tuple(roots), urls, scratch)


@dataclass(frozen=True)
class ImportSource:
    """One place to import from."""

    text: str
    place: Path | None
    format: ImportFormat
    roots: tuple[Path, ...]
    urls: UrlPolicy
    scratch: Scratch

    @contextmanager
    def opened(self) -> Iterator["OpenImport"]:
        """Raises SourceError, where there is no image too."""
        with self._tree() as tree, Fetcher(self.urls) as fetch:
            found = find_layout(tree, _LAYOUTS.get(self.format), self._annotations())
            files = _listed(found, tree, fetch) if found.annotations else read_folders(tree)
            first = next(files, None)
            if first is None:
                raise SourceError(f"{', '.join(found.annotations)} in {tree.where} list no images")
            yield OpenImport(itertools.chain([first], files), tree, found)

    def _annotations(self) -> str | None:
        """The one file that was named, where it is one of annotations."""
        if self.place is None or self.place.suffix.lower() not in ANNOTATIONS:
            return None
        return self.place.name if self.place.is_file() else None

    def _tree(self) -> AbstractContextManager[Tree]:
        if self.place is None:
            return nullcontext(BucketTree(self.text))
        if self.place.is_dir():
            return nullcontext(FolderTree(self.place, self.roots))
        if self._annotations():
            return nullcontext(FolderTree(self.place.parent, self.roots))
        if is_tar(self.place):
            return open_tar(self.place, self.scratch)
        return open_zip(self.place)


class OpenImport:
    """The files of an import, once and in an order that is always the same."""

    def __init__(self, files: Iterator[ImageFile], tree: Tree, found: Found) -> None:
        self._files, self._tree, self._found = files, tree, found

    def __iter__(self) -> Iterator[ImageFile]:
        return self._files

    def classes(self) -> list[str]:
        """Classes that are named apart from the images, each once: some may have none."""
        return list(dict.fromkeys(class_names(self._found, self._tree)))

    def count(self) -> int:
        """How many files there are; the lists are gone through for it, beside the reading."""
        if not self._found.annotations:
            return len(image_names(self._tree.names()))
        return count_records(self._found, self._tree)


def _listed(found: Found, tree: Tree, fetch: Fetcher) -> Iterator[ImageFile]:
    locator, read = Locator(tree), reader_of(found.layout)
    for name in found.annotations:
        records = ending_with_damage(read(tree, name), name)
        yield from listed_files(records, name, tree, locator, fetch)


def _check_kind(text: str, place: Path | None, format: ImportFormat) -> None:  # noqa: A002
    """Raises SourceError where a place is not of the kind that was said."""
    if place is None or place.is_dir():
        kind = "s3" if place is None else "folder"
    elif place.suffix.lower() in ANNOTATIONS:
        kind = "annotations"
    elif is_tar(place):
        kind = "tar"
    elif zipfile.is_zipfile(place):
        kind = "zip"
    else:
        raise SourceError(
            f"{text} is of no kind that can be imported: expected a folder, a zip, a tar, "
            "or a .csv, .tsv, .json, .jsonl or .parquet file"
        )
    if format in ("zip", "tar", "s3") and format != kind:
        raise SourceError(f"{text} is no {format}, it is of the kind {kind}")
