"""The folders of this machine that imports may read, and nothing beside them."""

from collections.abc import Sequence
from pathlib import Path

from models.image_sources.source import SourceError
from models.image_sources.within import is_within


def allowed_path(text: str, roots: Sequence[Path]) -> Path:
    """The place that `text` names, free of symbolic links. Raises SourceError.

    A place outside of `roots` is refused in the same words whether it exists or not.
    """
    if not roots:
        raise SourceError(
            f"{text} cannot be read: this service reads no folders of its own machine. "
            "HANDFUL_IMPORT_ROOTS names those that it may read"
        )
    try:
        place = Path(text).expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise SourceError(f"{text!r} is no path: {error}") from error
    if not is_within(place, [root.resolve() for root in roots]):
        raise SourceError(
            f"{text} is outside of the folders that imports may read: "
            f"{', '.join(map(str, roots))}. HANDFUL_IMPORT_ROOTS names them"
        )
    if not place.exists():
        raise SourceError(f"{text} does not exist on the machine that the service runs on")
    if not place.is_dir() and not place.is_file():  # a pipe would keep its opener waiting
        raise SourceError(f"{text} is neither a folder nor a regular file")
    return place
