"""The published lists of labelled ImageNet images: 1, 2 or 5 a class in three splits, and 1 %."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.low_shot.embedded_images import EmbeddedImages
from models.low_shot.splits import NONE_APART, Split, Tests, split_others


@dataclass(frozen=True)
class Subset:
    """File names, without folders, of the images that are labelled; `file` is where they stood."""

    file: Path
    names: frozenset[str]

    def split(self, images: EmbeddedImages, tests: Tests = NONE_APART) -> Split:
        """The listed images are labelled; the others are dealt out as in a random draw.

        Raises ValueError where a listed image is missing, or a name stands for two images.
        """
        found = np.array([file_name(name) for name in images.names])
        labelled = np.isin(found, list(self.names))
        self._check(found[labelled].tolist())
        return split_others(labelled, np.random.default_rng(0), tests)

    def _check(self, found: Sequence[str]) -> None:
        missing = sorted(self.names.difference(found))
        if missing:
            raise ValueError(
                f"{self.file} lists {len(self.names)} images, of which the data lacks "
                f"{len(missing)}, the first of them {missing[0]}"
            )
        if len(found) > len(self.names):
            twice = next(name for name in found if found.count(name) > 1)
            raise ValueError(f"{self.file} lists {twice}, and the data has several of that name")


def file_name(name: str) -> str:
    """The last part of a name below the data."""
    return name.rpartition("/")[2]


def read_subsets(paths: Iterable[Path]) -> list[Subset]:
    """Lists of one file name a line; a folder stands for all its `.txt` files.

    Raises ValueError where there is none.
    """
    files = [file for path in paths for file in (_lists_in(path) if path.is_dir() else [path])]
    return [Subset(file, _names(file)) for file in files]


def by_shots(
    subsets: Sequence[Subset], images: EmbeddedImages, tests: Tests = NONE_APART
) -> dict[int, list[Split]]:
    """The splits of lists with as many images a class, on average, are draws of one kind."""
    splits: dict[int, list[Split]] = {}
    for subset in subsets:
        split = subset.split(images, tests)
        classes = len(np.unique(images.labels[split.labelled]))
        splits.setdefault(round(len(split.labelled) / classes), []).append(split)
    return dict(sorted(splits.items()))


def train_and_val(data: Path) -> tuple[Path, Path | None]:
    """Where to learn and where to test: ImageNet's own folders, or all of `data` and None."""
    parts = (data / "train", data / "val")
    return parts if all(map(_holds_folders, parts)) else (data, None)


def _holds_folders(folder: Path) -> bool:
    return folder.is_dir() and any(each.is_dir() for each in folder.iterdir())


def _lists_in(folder: Path) -> list[Path]:
    files = sorted(folder.glob("*.txt"))
    if not files:
        raise ValueError(f"{folder} holds no list of images: expected .txt files")
    return files


def _names(file: Path) -> frozenset[str]:
    try:
        lines = [line.strip() for line in file.read_text().splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} cannot be read as a list of image files: {error}") from error
    if not any(lines):
        raise ValueError(f"{file} lists no image: expected one file name a line")
    return frozenset(filter(None, lines))
