"""From what a user writes to the sources it names."""

import re
import zipfile
from pathlib import Path

from models.image_sources.prepared import PreparedSource
from models.image_sources.source import ImageSource, SourceError
from models.image_sources.sources import (
    FolderSource,
    ParquetSource,
    S3Source,
    TarSource,
    ZipSource,
)
from models.image_sources.tar_tree import is_tar
from models.prepared_images import is_prepared

_BRACES = re.compile(r"\{(?:(\d+)\.\.(\d+)|([^{}]*,[^{}]*))\}")


def open_sources(text: str) -> list[ImageSource]:
    """The sources that `text` names, in order.

    A folder, a zip, a tar (WebDataset), a Parquet file, a folder of prepared images, or
    `s3://bucket/prefix`. `shard-{000..012}.tar` and `{a,b}.zip` name several files.
    Raises SourceError where there is nothing of the kind.
    """
    if text.startswith("s3://"):
        return [S3Source(text)]
    paths = [text] if Path(text).exists() else expand_braces(text)
    return [_open_path(Path(path)) for path in paths]


def expand_braces(pattern: str) -> list[str]:
    """`a-{08..10}` to a-08, a-09, a-10 and `{x,y}` to x, y: the shells' rules for both."""
    found = _BRACES.search(pattern)
    if not found:
        return [pattern]
    first, last, names = found.groups()
    parts = names.split(",") if names else _numbers(first, last)
    before, after = pattern[: found.start()], pattern[found.end() :]
    return [before + part + rest for part in parts for rest in expand_braces(after)]


def _numbers(first: str, last: str) -> list[str]:
    """All from first to last, as wide as the wider of both where one starts with a zero."""
    padded = any(len(text) > 1 and text.startswith("0") for text in (first, last))
    width = max(len(first), len(last)) if padded else 1
    return [f"{number:0{width}}" for number in range(int(first), int(last) + 1)]


def _open_path(path: Path) -> ImageSource:
    if path.is_dir():
        return PreparedSource(path) if is_prepared(path) else FolderSource(path)
    if path.is_file():
        suffix = path.suffix.lower()
        if suffix == ".parquet":
            return ParquetSource(path)
        if suffix != ".zip" and is_tar(path):  # first, since it may end with a zip
            return TarSource(path)
        if suffix == ".zip" or zipfile.is_zipfile(path):
            return ZipSource(path)
    raise SourceError(
        f"{path} is neither a folder nor a zip, tar or Parquet file with images: "
        + ("it is of another kind" if path.exists() else "it does not exist")
    )
