"""ImageFolder: folders are classes. With the labels of WebDataset where there are such files."""

from collections.abc import Iterator
from functools import partial

from models.image_sources import ImageFile, SourceError, UnreadableFile
from models.image_sources.names import printable
from models.image_sources.tar import LABEL_SUFFIX
from service.interchange.names import (
    describe,
    image_names,
    is_image,
    label_by_folder,
    sample,
    shown,
    suffix,
)
from service.interchange.tree import Tree, read_file

MAX_LABEL_BYTES = 1000


def read_folders(tree: Tree) -> Iterator[ImageFile]:
    """Each file with the class that its folder, or the `.cls` file beside it, names.

    Raises SourceError where nothing can be an image.
    """
    names = tree.names()
    chosen = image_names(names)
    if not any(is_image(name) or not suffix(name) for name in chosen):
        raise SourceError(
            f"{tree.where} holds no images"
            + (f", but {len(names):,} other files: {describe(names)}" if names else ": it is empty")
            + ". Expected JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF files, in folders or not"
        )
    return _files(tree, chosen, {name for name in names if suffix(name) == LABEL_SUFFIX})


def _files(tree: Tree, names: list[str], label_files: set[str]) -> Iterator[ImageFile]:
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
