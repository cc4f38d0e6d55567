"""What the names of files tell: which are hidden, and which class a file belongs to."""

import unicodedata
from collections.abc import Iterable
from pathlib import PurePosixPath


def visible(names: Iterable[PurePosixPath]) -> list[PurePosixPath]:
    """Sorted, without hidden files and what macOS adds to archives."""
    return sorted(name for name in names if not is_hidden(name))


def is_hidden(name: PurePosixPath) -> bool:
    """Whether a file is not meant to be seen."""
    # ".." is hidden as well, and an absolute name's "/" is no class.
    return name.is_absolute() or any(
        part.startswith(".") or part == "__MACOSX" for part in name.parts
    )


def class_labels(names: list[PurePosixPath]) -> dict[PurePosixPath, str]:
    """The class of each file that lies in a class folder.

    The first folder names the class, at whatever depth the file lies below it; folders that only
    wrap all classes are skipped.
    """
    wrapped = _wrapper_depth(names)
    return {name: printable(name.parts[wrapped]) for name in names if len(name.parts) > wrapped + 1}


def printable(name: object) -> str:
    """Unicode in its composed form; what cannot be printed or encoded becomes a question mark."""
    composed = unicodedata.normalize("NFC", str(name))
    if composed.isprintable():
        return composed
    return "".join(character if character.isprintable() else "?" for character in composed)


def _wrapper_depth(names: list[PurePosixPath]) -> int:
    """How many leading folders all files share, the class folder itself not counted."""
    depth = 0
    while names and all(len(name.parts) > depth + 2 for name in names):
        if len({name.parts[depth] for name in names}) > 1:
            break
        depth += 1
    return depth
