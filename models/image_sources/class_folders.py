"""Folders that are classes; with the labels of WebDataset where there are such files."""

from collections.abc import Iterator
from functools import partial

from models.image_sources.names import (
    LABEL_SUFFIX,
    MAX_LABEL_BYTES,
    image_names,
    label_by_folder,
    printable,
    sample,
    shown,
    suffix,
)
from models.image_sources.source import ImageFile, UnreadableFile
from models.image_sources.tree import Tree, read_file


def labelled_files(tree: Tree) -> Iterator[ImageFile]:
    """Each file that may be an image, in the tree's order.

    Its class is what the `.cls` file beside it says, or else the first folder below those that
    wrap or part all files, at whatever depth the file lies below it.
    """
    everything = tree.names()
    names = image_names(everything)
    label_files = {name for name in everything if suffix(name) == LABEL_SUFFIX}
    by_folder = label_by_folder(names)
    for name in names:
        beside = sample(name) + LABEL_SUFFIX
        label = _text(tree, beside) if beside in label_files else by_folder(name)
        yield ImageFile(shown(name), label, partial(read_file, tree, name), tree.path(name))


def _text(tree: Tree, name: str) -> str | None:
    try:
        return printable(read_file(tree, name, MAX_LABEL_BYTES).decode(errors="replace").strip())
    except UnreadableFile:
        return None
