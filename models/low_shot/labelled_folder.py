"""The files of a source one by one; where it has one folder a class, with their labels."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from models.image_sources import ImageFile, SourceError, UnreadableFile, open_sources
from models.images import MAX_BYTES


@dataclass(frozen=True)
class LabelledFile:
    """One file of a class. `name` is its path below the data, with forward slashes."""

    name: str
    label: str
    data: bytes


def read_labelled(source: str | Path, max_bytes: int = MAX_BYTES) -> Iterator[LabelledFile]:
    """The files of `source` whose class it knows; each is read when its turn comes.

    Of a folder or zip, sorted by name, the first folder names the class, at whatever depth the
    file lies below it; folders that only wrap all classes are skipped. Hidden files, what macOS
    adds to zips and files outside every class folder are left out. Of a longer file one byte more
    than `max_bytes` is read: `images.decode` then says that it is too large.
    Raises SourceError.
    """
    found = False
    for labelled in read_chosen(source, lambda file: file.label, max_bytes):
        found = True
        yield labelled
    if not found:
        raise SourceError(
            f"{source} holds no class folders: expected one folder a class with its images inside"
        )


def read_chosen(
    source: str | Path, label_of: Callable[[ImageFile], str | None], max_bytes: int = MAX_BYTES
) -> Iterator[LabelledFile]:
    """The files of `source` that `label_of` gives a class, as `read_labelled` reads them.

    The others are never read. There may be none. Raises SourceError.
    """
    for file in _files(source):
        label = label_of(file)
        if label is not None:
            yield LabelledFile(file.name, label, _read(file, source, max_bytes))


def read_files(source: str | Path, max_bytes: int = MAX_BYTES) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every file of `source`, at whatever depth, read as `read_labelled` does.

    Raises SourceError.
    """
    found = False
    for file in _files(source):
        found = True
        yield file.name, _read(file, source, max_bytes)
    if not found:
        raise SourceError(f"{source} holds no files: expected images")


def _files(source: str | Path) -> Iterator[ImageFile]:
    for each in open_sources(str(source)):
        with each.opened() as files:
            yield from files


def _read(file: ImageFile, source: str | Path, max_bytes: int) -> bytes:
    try:
        return file.read(max_bytes + 1)
    except UnreadableFile as error:
        raise SourceError(f"{source} is damaged: {file.name}: {error}") from error
