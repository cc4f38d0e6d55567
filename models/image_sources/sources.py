"""Places whose folders are classes, and tables of images: each read once, from front to back."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from models.image_sources.ahead import map_ahead
from models.image_sources.class_folders import labelled_files
from models.image_sources.folder_tree import FolderTree
from models.image_sources.parquet import open_table, read_table
from models.image_sources.records import Record, ending_with_damage
from models.image_sources.s3 import BucketTree, bucket_state
from models.image_sources.source import (
    ImageFile,
    SourceError,
    UnreadableFile,
    digest,
    file_state,
    held,
    unreadable,
)
from models.image_sources.tar_tree import stream_tar
from models.image_sources.within import ANYWHERE
from models.image_sources.zip_tree import open_zip
from models.images import MAX_BYTES

# A request takes its time, but any number can be under way.
REQUESTS = 16


@dataclass(frozen=True)
class FolderSource:
    """The files below a folder, at whatever depth; links to files are followed."""

    folder: Path

    def state(self) -> str:
        """Changes with the name, size and time of any file."""
        tree = FolderTree(self.folder, ANYWHERE)
        return f"{self.folder.resolve()} {digest(_state(tree, name) for name in tree.names())}"

    @contextmanager
    def opened(self) -> Iterator[Iterable[ImageFile]]:
        """Folder by folder, sorted."""
        yield labelled_files(FolderTree(self.folder, ANYWHERE))


@dataclass(frozen=True)
class ZipSource:
    """The files of a zip."""

    archive: Path

    def state(self) -> str:
        """Changes with the archive."""
        return file_state(self.archive)

    @contextmanager
    def opened(self) -> Iterator[Iterable[ImageFile]]:
        """As those of its folder."""
        with open_zip(self.archive) as tree:
            yield labelled_files(tree)


@dataclass(frozen=True)
class TarSource:
    """The files of one tar, which may be compressed and one shard of many (WebDataset)."""

    archive: Path

    def state(self) -> str:
        """Changes with the archive."""
        return file_state(self.archive)

    @contextmanager
    def opened(self) -> Iterator[Iterable[ImageFile]]:
        """In the archive's order, in which it is read in one go; open no longer than that takes."""
        yield self._files()

    def _files(self) -> Iterator[ImageFile]:
        try:
            with stream_tar(self.archive) as tree:
                for file in labelled_files(tree):
                    yield _fetched(replace(file, name=f"{self.archive.name}/{file.name}"))
        except SourceError as error:  # of many shards one may be damaged
            yield ImageFile(str(self.archive), None, unreadable(error))


@dataclass(frozen=True)
class S3Source:
    """The objects under `s3://bucket/prefix`, fetched several at once."""

    url: str

    def state(self) -> str:
        """Changes with the name, size and version of any object."""
        return bucket_state(self.url)

    @contextmanager
    def opened(self) -> Iterator[Iterable[ImageFile]]:
        """Folder by folder, sorted."""
        yield map_ahead(_fetched, labelled_files(BucketTree(self.url)), REQUESTS)


@dataclass(frozen=True)
class ParquetSource:
    """The rows of one table: a column of bytes, or of {bytes, path}, and perhaps one of labels."""

    table: Path

    def state(self) -> str:
        """Changes with the file."""
        return file_state(self.table)

    @contextmanager
    def opened(self) -> Iterator[Iterable[ImageFile]]:
        """In the table's order."""
        name = self.table.name
        with self.table.open("rb") as file, open_table(file, str(self.table)) as table:
            records = ending_with_damage(read_table(table, name), str(self.table))
            yield (_of_row(record, name) for record in records)


def _fetched(file: ImageFile) -> ImageFile:
    """A file read now, up to one byte more than an image may have."""
    try:
        return replace(file, read=held(file.read(MAX_BYTES + 1)))
    except UnreadableFile as error:
        return replace(file, read=unreadable(error))


def _of_row(record: Record, table: str) -> ImageFile:
    if record.data is not None:
        read = held(record.data)
    else:
        read = unreadable(record.error or f"the table holds no bytes of it, only {record.target}")
    name = f"{table}/{record.name}" if record.target else record.name or table
    return ImageFile(name, record.label, read)


def _state(tree: FolderTree, name: str) -> str:
    path = tree.path(name)
    try:
        return f"{name} {file_state(path)}" if path else name
    except OSError:  # gone, or a link to nothing
        return name
