"""What is exported of one image."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ExportItem:
    """One image: its original name and what is known of it; `read` gives the bytes of its file."""

    name: str
    sha256: str
    width: int
    height: int
    label: str | None
    reference_label: str | None
    read: Callable[[], bytes]
