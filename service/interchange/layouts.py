"""How annotations lie among the images, found out or said."""

import posixpath
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import BinaryIO

from models.image_sources import SourceError, UnreadableFile
from models.image_sources.names import classes_with_empty, is_image, sample, suffix
from models.image_sources.parquet import open_table, read_table
from models.image_sources.records import Damaged, Record
from models.image_sources.tree import Tree
from service.interchange.annotations import open_annotations
from service.interchange.class_lists import listed_classes
from service.interchange.coco import looks_like_coco, one_task_each, read_coco
from service.interchange.formats import Layout
from service.interchange.json_lists import top_keys
from service.interchange.label_studio import looks_like_label_studio, read_label_studio
from service.interchange.locating import Locator
from service.interchange.tables import has_columns, read_csv, read_jsonl
from service.interchange.urls import is_url

Reader = Callable[[Tree, str], Iterator[Record]]
METADATA = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
TABLES = (".csv", ".tsv")
# Files that may be annotations are few; hundreds are something else.
LOOKED_INTO = 20
LOOKED_AT_ROWS = 5
EXPECTED: dict[Layout, str] = {
    "folder": "images in folders",
    "csv": "a .csv or .tsv file with a column 'path', 'url' or 'file_name'",
    "coco": "a .json file with 'images', 'annotations' and 'categories'",
    "labelstudio": "Label Studio's .json export",
    "hf": "metadata.csv, metadata.jsonl or metadata.parquet beside the images",
    "parquet": ".parquet files with a column of images",
}


@dataclass(frozen=True)
class Found:
    """A layout and the files with its annotations; a plain folder has none."""

    layout: Layout
    annotations: Sequence[str]


def find_layout(tree: Tree, wanted: Layout | None, only: str | None = None) -> Found:
    """The layout of a tree: `wanted`, or else the first that is there.

    `only` is the one file that may be annotations. Raises SourceError where `wanted` is not there.
    """
    if wanted == "folder":
        return Found("folder", ())
    if only and suffix(only) != ".json":
        return Found(wanted or "csv", [only])
    names = [only] if only else tree.names()
    for layout in [wanted] if wanted else _FINDERS:
        find = _of_tables if wanted == "csv" else _FINDERS[layout]
        annotations = find(tree, names)
        if annotations:
            return Found(layout, annotations)
    if wanted or only:
        raise _is_not(only or tree.where, wanted)
    return Found("folder", ())


def class_names(found: Found, tree: Tree) -> Iterator[str]:
    """The classes that are named apart from their images, which may have none.

    Damage ends them: whoever reads the images reports it.
    """
    if found.layout == "folder":
        yield from classes_with_empty(tree.names(), tree.empty_folders())
    for name in found.annotations:
        with suppress(Damaged):
            yield from listed_classes(found.layout, tree, name)


def count_records(found: Found, tree: Tree) -> int:
    """How many images the lists name, as far as they can be read; no image is."""
    return sum(_count(tree, name, reader_of(found.layout)) for name in found.annotations)


def _count(tree: Tree, name: str, read: Reader) -> int:
    if suffix(name) == ".parquet":
        with open_annotations(tree, name) as file, open_table(file, name) as table:
            return int(table.metadata.num_rows)
    counted = 0
    try:
        for _ in read(tree, name):
            counted += 1
    except Damaged:
        pass  # whoever reads it reports that
    return counted


def _is_not(where: str, wanted: Layout | None) -> SourceError:
    if wanted:
        return SourceError(f"{where} is not of the format {wanted}: expected {EXPECTED[wanted]}")
    expected = "; ".join(EXPECTED.values())
    return SourceError(f"{where} is of no known format. Expected one of: {expected}")


def reader_of(layout: Layout) -> Reader:
    """What reads the annotations of a layout."""
    return _READERS.get(layout, _read_table)


def _metadata(tree: Tree, names: Sequence[str]) -> list[str]:
    """Files of the name; a table of it without a column of images is about something else."""
    found = [name for name in names if posixpath.basename(name).lower() in METADATA]
    return [name for name in found if suffix(name) != ".csv" or _has_columns(tree, name)]


def _has_columns(tree: Tree, table: str) -> bool:
    return has_columns(partial(open_annotations, tree, table))


def _parquet(tree: Tree, names: Sequence[str]) -> list[str]:  # noqa: ARG001
    tables = [name for name in names if suffix(name) == ".parquet"]
    return [] if tables and any(map(is_image, names)) else tables


def _json(looks_right: Callable[[set[str]], bool], tree: Tree, names: Sequence[str]) -> list[str]:
    """JSON files of a kind, but not those that stand beside single images."""
    texts = [name for name in names if suffix(name) == ".json"]
    if len(texts) > LOOKED_INTO:
        images = {sample(name) for name in names if is_image(name)}
        texts = list(islice((name for name in texts if sample(name) not in images), LOOKED_INTO))
    return [name for name in texts if looks_right(top_keys(tree, name))]


def _of_tables(tree: Tree, names: Sequence[str]) -> list[str]:  # noqa: ARG001
    return [name for name in names if suffix(name) in TABLES]


def _tables(tree: Tree, names: Sequence[str]) -> list[str]:
    """Tables that name their columns and images that are there; others are about something else."""
    images, locator = any(map(is_image, names)), Locator(tree)

    def speaks_of_images(table: str) -> bool:
        if not _has_columns(tree, table):
            return False
        first = islice(_read_table(tree, table), LOOKED_AT_ROWS)
        return not images or any(_is_there(record.target, table, locator) for record in first)

    return list(filter(speaks_of_images, _of_tables(tree, names)[:LOOKED_INTO]))


def _is_there(target: str, table: str, locator: Locator) -> bool:
    try:
        return is_url(target) or bool(target and locator.find(target, table))
    except UnreadableFile:
        return False


def _read_table(tree: Tree, name: str) -> Iterator[Record]:
    """CSV, JSON lines or Parquet, by the suffix."""
    with open_annotations(tree, name) as file:
        kind = {".jsonl": read_jsonl, ".parquet": _read_parquet}.get(suffix(name), read_csv)
        yield from kind(file, name)


def _read_parquet(file: BinaryIO, name: str) -> Iterator[Record]:
    with open_table(file, name) as table:
        yield from read_table(table, name)


_FINDERS: dict[Layout, Callable[[Tree, Sequence[str]], list[str]]] = {
    "hf": _metadata,
    "parquet": _parquet,
    "coco": lambda tree, names: one_task_each(_json(looks_like_coco, tree, names)),
    "labelstudio": partial(_json, looks_like_label_studio),
    "csv": _tables,
}
_READERS: dict[Layout, Reader] = {"coco": read_coco, "labelstudio": read_label_studio}
