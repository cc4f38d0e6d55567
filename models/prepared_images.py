"""Images as training reads them: squares of one size, mapped from one file. Torch-free.

A folder of them holds `pixels.npy` and an index, which is written last: a folder with an index is
whole, one without is nothing.
"""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

PIXELS_FILE = "pixels.npy"
INDEX_FILE = "index.json"
# Counted up when the squares of the same files would come out otherwise.
FORMAT = "handful-images-2"
UNLABELLED = -1


class PreparationError(ValueError):
    """Images cannot be prepared, or are not; the message says what to do."""


@dataclass(frozen=True)
class PreparedImages:
    """`pixels` (n, 3, side, side) uint8, read from disk as needed, and what is known of each.

    `labels` (n,) count `classes` and are -1 where none is known; None if none is known at all.
    They serve probes, never the training. `skipped` names the files that were no usable image,
    each with the reason.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64] | None
    classes: tuple[str, ...]
    names: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]

    def label(self, number: int) -> str | None:
        """The class of one image."""
        if self.labels is None or int(self.labels[number]) == UNLABELLED:
            return None
        return self.classes[int(self.labels[number])]


@dataclass(frozen=True)
class Entry:
    """One usable image: its square (3, side, side) uint8, its name, its class where known."""

    square: NDArray[np.uint8]
    name: str
    label: str | None


def is_prepared(folder: Path) -> bool:
    """Whether `folder` holds prepared images, all of them."""
    return read_index(folder).get("format") == FORMAT


def open_prepared(folder: Path) -> PreparedImages:
    """Map the images of `folder`. Raises PreparationError where their preparation never ended."""
    index = read_index(folder)
    if index.get("format") != FORMAT:
        raise PreparationError(f"{folder} holds no prepared images: prepare them again")
    labels = np.array(index["labels"], dtype=np.int64)
    return PreparedImages(
        np.load(folder / PIXELS_FILE, mmap_mode="r"),
        labels if index["classes"] else None,
        tuple(index["classes"]),
        tuple(index["names"]),
        tuple((name, reason) for name, reason in index["skipped"]),
    )


def read_index(folder: Path) -> dict[str, Any]:
    """What the index says, or nothing where there is none that can be read."""
    try:
        index = json.loads((folder / INDEX_FILE).read_text())
    except (OSError, ValueError):
        return {}
    return index if isinstance(index, dict) else {}


def write_index(folder: Path, index: dict[str, Any]) -> None:
    """Declare the pixels in `folder` whole, in one move."""
    with _replacing(folder / INDEX_FILE) as file:
        file.write(json.dumps({"format": FORMAT, **index}).encode())


def write_pixels(folder: Path, squares: Iterable[NDArray[np.uint8]], side: int) -> None:
    """One file of all `squares` (3, side, side), of which one at a time is in memory."""
    count = 0
    with _replacing(folder / PIXELS_FILE) as file:
        _write_header(file, 0, side)
        for square in squares:
            file.write(square.tobytes())
            count += 1
        file.seek(0)
        _write_header(file, count, side)


def _write_header(file: IO[bytes], count: int, side: int) -> None:
    """A header of the same length for every count: numpy leaves room for the first axis."""
    shape = (count, 3, side, side)
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)


@contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    """A new file that takes the place of `path` once it is whole, and leaves nothing otherwise."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
