"""ImageFolder: folders are classes."""

from collections.abc import Iterator

from models.image_sources.class_folders import labelled_files
from models.image_sources.names import describe, is_image, suffix
from models.image_sources.source import ImageFile, SourceError
from models.image_sources.tree import Tree


def read_folders(tree: Tree) -> Iterator[ImageFile]:
    """Each file with its class. Raises SourceError where nothing can be an image."""
    names = tree.names()
    if not any(is_image(name) or not suffix(name) for name in names):
        raise SourceError(
            f"{tree.where} holds no images"
            + (f", but {len(names):,} other files: {describe(names)}" if names else ": it is empty")
            + ". Expected JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF files, in folders or not"
        )
    return labelled_files(tree)
