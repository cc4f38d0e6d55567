"""What an import gives."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from service.interchange import ImageFile, ImportFormat, UnreadableFile, UrlPolicy, open_import

LIMIT = 10**6


class Read(NamedTuple):
    """One file: its bytes, or why there are none."""

    name: str
    label: str | None
    content: bytes | str
    reference_label: str | None = None
    warning: str | None = None


def read(
    source: Path | str,
    format: ImportFormat = "auto",  # noqa: A002
    *,
    roots: Sequence[Path] | None = None,
    urls: UrlPolicy | None = None,
) -> list[Read]:
    """All files of a source, whose folder alone may be read where `roots` says no other."""
    allowed = roots if roots is not None else [Path(source).parent]
    found = open_import(str(source), format, roots=allowed, urls=urls or UrlPolicy())
    with found.opened() as opened:
        return [_read(file) for file in opened]


def write_files(folder: Path, contents: Mapping[str, bytes | str]) -> Path:
    """Files below a folder, by their paths."""
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def _read(file: ImageFile) -> Read:
    try:
        content: bytes | str = file.read(LIMIT)
    except UnreadableFile as error:
        content = str(error)
    return Read(file.name, file.label, content, file.reference_label, file.warning)
