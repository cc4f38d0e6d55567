"""What annotations say of one image, whatever their format."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from models.image_sources.names import shown
from models.image_sources.source import SourceError

# Columns by what they hold, the more telling name first; compared in small letters.
TARGETS = (
    *("path", "file_name", "filename", "file", "file_path", "filepath"),
    *("image_file_name", "image_path", "image_file", "image_name", "image", "img"),
    *("url", "image_url", "uri", "image_id", "id"),
)
LABELS = (
    *("label", "class", "class_name", "category", "label_name", "labels", "fine_label"),
    *("target", "tag", "choice"),
)
NAMES = ("original_name", "name")
REFERENCES = ("reference_label",)


class Damaged(Exception):
    """Annotations end before they are over; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Record:
    """One image of a list.

    `target` says where it is: a path as the annotations write it, a URL, or nothing where `data`
    has its bytes. `error` says why there is none to be had.
    """

    target: str
    name: str = ""
    label: str | None = None
    reference_label: str | None = None
    warning: str | None = None
    data: bytes | None = None
    error: str | None = None


@dataclass(frozen=True)
class Columns:
    """The columns of a table of images; None for what it has not."""

    target: str
    label: str | None
    name: str | None
    reference: str | None

    def record(self, row: Mapping[str, Any], where: str) -> Record:
        """One row; `where` names it."""
        target = file_behind(_raw(row.get(self.target)))
        return Record(
            target=target,
            name=str((self.name and row.get(self.name)) or target or where),
            label=self._text(row, self.label),
            reference_label=self._text(row, self.reference),
            error=None if target else f"its column {self.target!r} is empty",
        )

    def _text(self, row: Mapping[str, Any], column: str | None) -> str | None:
        return text_of(row.get(column)) if column else None


def find_columns(header: Sequence[str]) -> Columns | None:
    """The columns by their names, or None where none is that of images."""
    target = pick(header, TARGETS)
    if target is None:
        return None
    return Columns(target, pick(header, LABELS), pick(header, NAMES), pick(header, REFERENCES))


def pick(header: Iterable[str], wanted: Sequence[str]) -> str | None:
    """The first of `wanted` that is among the columns, as it is written there."""
    written = {name.strip().lower().replace(" ", "_"): name for name in header}
    return next((written[name] for name in wanted if name in written), None)


def file_behind(target: str) -> str:
    """The path of a file that Label Studio gives an address of its own; others as they are."""
    _, local, path = target.partition("/data/local-files/?d=")
    if local:
        return unquote(path)
    return unquote(target) if target.startswith("/data/upload/") else target


def text_of(value: object) -> str | None:
    """A cell as printable text; None where it is empty."""
    return shown(_raw(value)) or None


def _raw(value: object) -> str:
    """A cell as text with its bytes as they were: files are found by them."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape").strip()
    return "" if value is None else str(value).strip()


def no_columns(where: str, header: Sequence[str]) -> SourceError:
    """What to say of a table without a column of images."""
    return SourceError(
        f"{where} has no column with images among {', '.join(map(repr, header)) or 'none'}; "
        "call it 'path', 'url' or 'file_name', and the one with classes 'label'"
    )


def one_label(labels: Iterable[str], what: str) -> tuple[str | None, str | None]:
    """The class of an image and a warning: of several different ones none is guessed."""
    different = sorted(set(labels))
    if len(different) > 1:
        named = ", ".join(different[:5]) + (", .." if len(different) > 5 else "")
        return None, f"it has {what} of {len(different)} classes ({named}): taken without a label"
    return (different[0] if different else None), None


def ending_with_damage(records: Iterator[Record], where: str) -> Iterator[Record]:
    """`records`, and where they end too early one more that says so.

    Raises SourceError where they end before the first.
    """
    record = None
    try:
        for record in records:
            yield record
    except Damaged as error:
        if record is None:
            raise SourceError(str(error)) from error
        yield Record("", where, error=f"the rest is lost: {error}")
