"""What is exported, and to which format."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import BinaryIO

from service.interchange.formats import ExportFormat


@dataclass(frozen=True)
class ExportItem:
    """One image: its original name and what is known of it; `read` gives the bytes of its file."""

    name: str
    sha256: str
    width: int
    height: int
    label: str | None
    reference_label: str | None
    read: Callable[[], bytes]


def export_suffix(format: ExportFormat, *, images: bool) -> str:  # noqa: A002
    """How the name of an export's file ends: '.zip', '.csv', '.json' or '.parquet'."""
    if format == "parquet":
        return ".parquet"
    if images or format in ("imagefolder", "hf"):
        return ".zip"
    return ".csv" if format == "csv" else ".json"


def write_export(
    items: Iterable[ExportItem],
    format: ExportFormat,  # noqa: A002
    target: BinaryIO,
    *,
    images: bool,
) -> None:
    """Write `items` to `target`, one by one; `imagefolder` and `hf` always have images."""
    raise NotImplementedError
