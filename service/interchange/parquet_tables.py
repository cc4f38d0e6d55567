"""Parquet: rows with the bytes of an image, or with a path or URL of it."""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from models.image_sources import SourceError
from models.image_sources.parquet import ROWS, holds_bytes, image_column, load_pyarrow
from service.interchange.names import shown
from service.interchange.records import (
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
from service.interchange.tree import reason


def read_parquet(file: BinaryIO, where: str) -> Iterator[Record]:
    """Rows of a table, which is read at any place of the file.

    Raises SourceError where it is none or has no column of images, Damaged where it ends early.
    """
    with _open(file, where) as table:
        yield from _Rows(table, where).records()


def count_rows(file: BinaryIO, where: str) -> int:
    """How many rows a table says it has. Raises SourceError where it is none."""
    with _open(file, where) as table:
        return int(table.metadata.num_rows)


def _open(file: BinaryIO, where: str) -> Any:
    arrow, parquet = load_pyarrow()
    try:
        # Not a row group ahead: one of photographs may have gigabytes.
        return parquet.ParquetFile(file, pre_buffer=False, buffer_size=2**20)
    except (arrow.ArrowException, OSError) as error:
        raise SourceError(f"{where} cannot be read as Parquet: {reason(error)}") from error


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
        self._class_names = _class_names(schema)

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
            raise Damaged(f"it is damaged after row {number}: {reason(error)}") from error

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


def _class_names(schema: Any) -> list[str]:
    """The names behind the numbers of a label, as `datasets` writes them into the schema."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        column = features[pick(features, LABELS)]
        return [shown(name) for name in column.get("feature", column)["names"]]
    except (KeyError, TypeError, ValueError, AttributeError):
        return []
