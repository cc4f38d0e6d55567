"""Parquet: rows with the bytes of an image, or with a path or URL of it."""

import json
from collections.abc import Iterator
from types import ModuleType
from typing import Any, BinaryIO

from models.image_sources.names import shown
from models.image_sources.records import (
    LABELS,
    NAMES,
    REFERENCES,
    Columns,
    Damaged,
    Record,
    find_columns,
    one_label,
    pick,
    text_of,
)
from models.image_sources.source import SourceError
from models.image_sources.tree import reason

IMAGE_COLUMNS = ("image", "img", "jpg", "jpeg", "png", "webp", "bytes")
# Where the schema of an export names all classes: {"classes": [..]}.
OWN_METADATA = b"handful"
# Rows held at once: few, since a row may be a photograph of many megabytes.
ROWS = 16


def open_table(file: BinaryIO, where: str) -> Any:
    """A context with pyarrow's table, which is read at any place of `file`.

    Raises SourceError where it is none.
    """
    arrow, parquet = load_pyarrow()
    try:
        # Not a row group ahead: one of photographs may have gigabytes.
        return parquet.ParquetFile(file, pre_buffer=False, buffer_size=2**20)
    except (arrow.ArrowException, OSError) as error:
        raise SourceError(f"{where} cannot be read as Parquet: {reason(error)}") from error


def read_table(table: Any, where: str) -> Iterator[Record]:
    """The rows of an open table, in order; those without a name of their own get that of `where`.

    Raises SourceError, at once, where no column is one of images; Damaged where it ends early.
    """
    return _Rows(table, where).records()


class _Rows:
    """The rows of one open table."""

    def __init__(self, table: Any, where: str) -> None:
        schema = table.schema_arrow
        embedded = any(holds_bytes(field.type) for field in schema)
        columns = None if embedded else find_columns(schema.names)
        if columns is None:
            columns = Columns(
                image_column(schema, where),
                pick(schema.names, LABELS),
                pick(schema.names, NAMES),
                pick(schema.names, REFERENCES),
            )
        self._table, self._where, self._columns = table, where, columns
        self._class_names = _numbered_classes(schema)

    def records(self) -> Iterator[Record]:
        arrow, _ = load_pyarrow()
        wanted = [name for name in vars(self._columns).values() if name]
        number = 0
        try:
            for batch in self._table.iter_batches(ROWS, columns=wanted):
                for row in batch.to_pylist():
                    number += 1
                    yield self._record(row, number)
        except (arrow.ArrowException, OSError, ValueError) as error:  # text that is none, too
            raise Damaged(
                f"{self._where} is damaged after row {number}: {reason(error)}"
            ) from error

    def _record(self, row: dict[str, Any], number: int) -> Record:
        columns, cell = self._columns, row[self._columns.target]
        label, warning = self._label(row.get(columns.label) if columns.label else None)
        data, path = _unpacked(cell)
        name = row.get(columns.name) if columns.name else None
        return Record(
            target=path or "",
            name=str(name or path or f"{self._where}, row {number}"),
            label=label,
            reference_label=text_of(row.get(columns.reference)) if columns.reference else None,
            warning=warning,
            data=data,
            error=None if data is not None or path else "the row holds neither bytes nor a path",
        )

    def _label(self, value: object) -> tuple[str | None, str | None]:
        """A class by its name; of a list with several, none."""
        values = value if isinstance(value, list) else [value]
        return one_label(filter(None, map(self._class_name, values)), "labels")

    def _class_name(self, value: object) -> str | None:
        if isinstance(value, int) and self._class_names:
            known = 0 <= value < len(self._class_names)  # -1 says that there is none
            return self._class_names[value] if known else None
        return text_of(value)


def _unpacked(cell: object) -> tuple[bytes | None, str | None]:
    """The bytes and the path of an image, as they are or as Hugging Face keeps both."""
    if isinstance(cell, dict):
        return cell.get("bytes"), cell.get("path")
    return (cell, None) if isinstance(cell, bytes) else (None, text_of(cell))


def named_classes(schema: Any) -> list[str]:
    """The classes that a schema (pyarrow) names beside the rows, which may be of fewer."""
    try:
        own = json.loads((schema.metadata or {})[OWN_METADATA])["classes"]
        return [name for name in map(text_of, own) if name]
    except (KeyError, TypeError, ValueError):
        return _numbered_classes(schema)


def _numbered_classes(schema: Any) -> list[str]:
    """The names behind the numbers of a label, as `datasets` writes them into the schema."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        column = features[pick(features, LABELS)]
        return [shown(name) for name in column.get("feature", column)["names"]]
    except (KeyError, TypeError, ValueError, AttributeError):
        return []


def image_column(schema: Any, table: object) -> str:
    """The column of `schema` (pyarrow) with images. Raises SourceError where that is not clear."""
    found = [field.name for field in schema if holds_bytes(field.type)]
    named = [name for name in IMAGE_COLUMNS if name in found]
    if len(found) != 1 and not named:
        raise SourceError(
            f"{table} has {len(found) or 'no'} columns of bytes among {', '.join(schema.names)}; "
            f"call the one with the images {IMAGE_COLUMNS[0]!r}"
        )
    return named[0] if named else found[0]


def holds_bytes(kind: Any) -> bool:
    """Whether a pyarrow type is one of bytes, or of structures with them as `bytes`."""
    arrow, _ = load_pyarrow()
    if arrow.types.is_struct(kind):
        return any(field.name == "bytes" and holds_bytes(field.type) for field in kind)
    return bool(arrow.types.is_binary(kind) or arrow.types.is_large_binary(kind))


def load_pyarrow() -> tuple[ModuleType, ModuleType]:
    """`pyarrow` and `pyarrow.parquet`. Raises SourceError where they are not installed."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise SourceError(
            "reading Parquet needs the extra 'data': pip install 'handful[data]'"
        ) from error
    return pyarrow, parquet
