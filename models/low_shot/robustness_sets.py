"""Other images of the same classes to test on: ImageNet-A, -R, -Sketch, -C and the like."""

from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath

import numpy as np

from models.image_sources import ImageFile, SourceError
from models.low_shot.embedded_images import EmbeddedImages
from models.low_shot.labelled_folder import LabelledFile, read_chosen
from models.low_shot.splits import Rows


def read_tests(source: str | Path, classes: Collection[str]) -> Iterator[LabelledFile]:
    """The files of `source` that lie in a folder named as one of `classes`, at whatever depth.

    Files of other classes are left out. Raises SourceError where none is left.
    """

    def class_of(file: ImageFile) -> str | None:
        folders = PurePosixPath(file.name).parts[:-1]
        return next((folder for folder in folders if folder in classes), None)

    found = False
    for file in read_chosen(source, class_of):
        found = True
        yield file
    if not found:
        raise SourceError(f"{source} holds no folder named as one of the {len(classes)} classes")


def rows_by_set(images: EmbeddedImages, first_row: int) -> dict[str, Rows]:
    """Rows, counted from `first_row`, by the folders around the class folders.

    In ImageNet-C these are corruption and severity, "fog/3"; "" where classes are outermost.
    """
    sets = np.array(
        [_around(name, label) for name, label in zip(images.names, images.labels, strict=True)]
    )
    return {str(name): first_row + np.flatnonzero(sets == name) for name in np.unique(sets)}


def _around(name: str, label: str) -> str:
    folders = PurePosixPath(name).parts[:-1]
    return "/".join(folders[: folders.index(label)])
