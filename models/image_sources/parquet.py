"""Parquet files with one image a row, as Hugging Face's data sets have them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from models.image_sources.names import printable
from models.image_sources.source import ImageFile, SourceError, file_state, unreadable

IMAGE_COLUMNS = ("image", "img", "jpg", "jpeg", "png", "webp", "bytes")
LABEL_COLUMNS = ("label", "class", "cls")
# Rows held at once: few, since a row may be a photograph of many megabytes.
ROWS = 16


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
        arrow, parquet = load_pyarrow()
        try:
            file = parquet.ParquetFile(self.table)
        except (arrow.ArrowInvalid, OSError) as error:
            raise SourceError(f"{self.table} cannot be read as Parquet: {error}") from error
        with file:
            yield self._rows(file, image_column(file.schema_arrow, self.table), arrow)

    def _rows(self, file: Any, image: str, arrow: ModuleType) -> Iterator[ImageFile]:
        label = next((name for name in LABEL_COLUMNS if name in file.schema_arrow.names), None)
        number = 0
        try:
            for batch in file.iter_batches(ROWS, columns=[image, *([label] if label else [])]):
                for row in batch.to_pylist():
                    value = row.get(label) if label else None
                    yield self._image_file(
                        number, row[image], None if value is None else printable(value)
                    )
                    number += 1
        except (arrow.ArrowException, OSError) as error:
            why = f"the table is damaged after row {number}: {error}"
            yield ImageFile(printable(self.table), None, unreadable(why))

    def _image_file(
        self, number: int, cell: bytes | dict[str, Any] | None, label: str | None
    ) -> ImageFile:
        """`cell` holds the bytes, or them as `bytes` beside the `path` they came from."""
        path = cell.get("path") if isinstance(cell, dict) else None
        data = cell.get("bytes") if isinstance(cell, dict) else cell
        name = f"{printable(self.table.name)}/{printable(path or f'row {number}')}"
        if data is None:
            return ImageFile(name, label, unreadable("the table holds no bytes of it"))
        return ImageFile(name, label, lambda limit: data[:limit])


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
