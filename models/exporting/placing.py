"""Files that appear whole or not at all, and replace nothing unasked."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from models.errors import EncoderError


def check_free(out: Path, files: tuple[str, ...], overwrite: bool) -> None:
    """Raise EncoderError if `out`, or one of `files` in the folder `out`, may not be written."""
    if files and out.exists() and not out.is_dir():
        raise EncoderError(f"{out} is a file: name a folder to write {' and '.join(files)} into.")
    if not files and out.is_dir():
        raise EncoderError(f"{out} is a folder: name the file to write.")
    there = [path for path in _targets(out, files) if path.exists()]
    if there and not overwrite:
        raise EncoderError(
            f"{there[0]} is there already: name another place, or replace it with --force."
        )


@contextmanager
def staged(out: Path, files: tuple[str, ...]) -> Iterator[Path]:
    """A place beside `out` to write to; what is there at the end is moved to `out` by renames.

    Raises EncoderError where the folder cannot be written or the disk is full.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".exporting-", dir=out.parent) as folder:
            place = Path(folder) / out.name
            yield place
            if files:
                out.mkdir(exist_ok=True)
            for path, target in zip(_targets(place, files), _targets(out, files), strict=True):
                path.replace(target)
    except OSError as error:
        raise EncoderError(
            f"{out} cannot be written ({error.strerror or error}): name another place."
        ) from error


def _targets(out: Path, files: tuple[str, ...]) -> list[Path]:
    return [out / name for name in files] or [out]
