"""CSV in any dialect, and JSON lines: a row an image."""

import csv
import io
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, BinaryIO, TextIO

from models.image_sources.names import is_image
from models.image_sources.records import (
    Columns,
    Damaged,
    Record,
    find_columns,
    no_columns,
)
from models.image_sources.tree import DAMAGED, reason
from service.interchange.urls import is_url

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_BYTES = 64 * 1024
# A row is held in memory; one that does not end is of no table of images.
MAX_LINE = 2**24
_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}


def read_csv(file: BinaryIO, where: str) -> Iterator[Record]:
    """Rows of a table, the columns named by its first row, or guessed where that is a row.

    Raises SourceError where no column is one of images; Damaged where the rows end too early.
    """
    rows = enumerate(_rows(file), start=1)
    _, header = next(rows, (0, []))
    columns = find_columns(header)
    if columns is None:
        columns, first = _guessed(header, where), (1, header)
        header = [str(number) for number in range(len(header))]
        rows_and_first: Iterable[tuple[int, list[str]]] = itertools.chain([first], rows)
        return _records(rows_and_first, header, columns, where)
    return _records(rows, header, columns, where)


def has_columns(open_file: Callable[[], BinaryIO]) -> bool:
    """Whether the first row of a table names a column of images."""
    with open_file() as file:
        try:
            return find_columns(next(_rows(file), [])) is not None
        except (csv.Error, UnicodeError, *DAMAGED):
            return False


def read_jsonl(file: BinaryIO, where: str) -> Iterator[Record]:
    """JSON lines, each an object with the names of columns. Raises as `read_csv` does."""
    rows = enumerate(_objects(file), start=1)
    first = next(rows, (0, {}))
    columns = find_columns(list(first[1]))
    if columns is None:
        raise no_columns(where, list(first[1]))
    for number, row in itertools.chain([first], rows):
        yield columns.record(row, f"{where}, row {number}")


def _rows(file: BinaryIO) -> Iterator[list[str]]:
    """In the table's own encoding and with its own delimiter."""
    start = file.read(SAMPLE_BYTES)
    file.seek(0)
    encoding = next((each for mark, each in _MARKS.items() if start.startswith(mark)), "utf-8")
    # Other encodings than Unicode come through as they are, and are told apart cell by cell.
    errors = "replace" if encoding == "utf-16" else "surrogateescape"
    delimiter = _delimiter(start.decode(encoding, errors))
    with io.TextIOWrapper(file, encoding, errors, newline="") as text:
        yield from csv.reader(_lines(text), delimiter=delimiter)


def _lines(text: TextIO) -> Iterator[str]:
    while line := text.readline(MAX_LINE):
        if len(line) == MAX_LINE:
            raise csv.Error(f"it has more than {MAX_LINE:,} characters")
        yield line


def _delimiter(sample: str) -> str:
    """The one that parts the first row into columns of images, else into the most columns."""

    def rank(delimiter: str) -> tuple[bool, int]:
        row = next(csv.reader(sample.splitlines()[:1], delimiter=delimiter), [])
        return find_columns(row) is not None and len(row) > 1, len(row)

    return max(DELIMITERS, key=rank)


def _guessed(row: Sequence[str], where: str) -> Columns:
    """Of a table without names: the first path or URL, and the column after it, or before."""
    targets = [n for n, cell in enumerate(row) if is_url(cell) or is_image(cell.strip())]
    if not targets:
        raise no_columns(where, row)
    others = [n for n in range(len(row)) if n not in targets]
    label = next((n for n in others if n > targets[0]), others[-1] if others else None)
    return Columns(str(targets[0]), None if label is None else str(label), None, None)


def _records(
    rows: Iterable[tuple[int, list[str]]], header: Sequence[str], columns: Columns, where: str
) -> Iterator[Record]:
    number = 0
    try:
        for number, row in rows:
            if any(cell.strip() for cell in row):
                cells = dict(zip(header, row, strict=False))
                yield columns.record(cells, f"{where}, row {number}")
    except (csv.Error, UnicodeError, *DAMAGED) as error:
        raise Damaged(f"row {number + 1} cannot be read: {reason(error)}") from error


def _objects(lines: BinaryIO) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(iter(partial(lines.readline, MAX_LINE), b""), start=1):
        if len(line) == MAX_LINE:
            raise Damaged(f"line {number} has more than {MAX_LINE:,} bytes")
        if line.strip():
            try:
                row = json.loads(line.decode("utf-8-sig", "surrogateescape"))
            except (ValueError, RecursionError) as error:
                raise Damaged(f"line {number} is no JSON: {error}") from error
            if not isinstance(row, dict):
                raise Damaged(f"line {number} is no JSON object")
            yield row
