"""The images of a list of records: each found, or fetched, and ready to be read."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from models.image_sources import ImageFile, UnreadableFile
from models.image_sources.names import shown
from models.image_sources.records import Record
from models.image_sources.source import held, unreadable
from models.image_sources.tree import Tree, read_file
from service.interchange.locating import Locator
from service.interchange.urls import is_url, last_step

Fetch = Callable[[str, int], bytes]


def listed_files(
    records: Iterable[Record], annotations: str, tree: Tree, locator: Locator, fetch: Fetch
) -> Iterator[ImageFile]:
    """One file a record of the file `annotations`, in order; what is not found is unreadable."""
    for record in records:
        read, path = unreadable(record.error), None
        if record.data is not None:
            read = held(record.data)
        elif record.error is None and is_url(record.target):
            read = partial(fetch, record.target)
        elif record.error is None:
            try:
                found = _find(locator, record, annotations)
                read, path = partial(read_file, tree, found), tree.path(found)
            except UnreadableFile as error:
                read = unreadable(error)
        yield ImageFile(
            _name(record), record.label, read, path, record.reference_label, record.warning
        )


def _find(locator: Locator, record: Record, annotations: str) -> str:
    """By where it was; else by its name, which tools change when they take a file in."""
    try:
        return locator.find(record.target, annotations)
    except UnreadableFile:
        if record.name in ("", record.target):
            raise
        return locator.find(record.name, annotations)


def _name(record: Record) -> str:
    return shown(last_step(record.name) if is_url(record.name) else record.name)
