"""Files that a whole import depends on: they say what the others are."""

from typing import BinaryIO

from models.image_sources.source import SourceError, UnreadableFile
from models.image_sources.tree import DAMAGED, Tree, reason


def open_annotations(tree: Tree, name: str) -> BinaryIO:
    """One of them. Raises SourceError."""
    try:
        return tree.open(name)
    except (UnreadableFile, *DAMAGED) as error:
        raise SourceError(f"{name} in {tree.where} cannot be read: {reason(error)}") from error
