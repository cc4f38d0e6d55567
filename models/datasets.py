"""Images for pretraining: decoded once into small uint8 squares that are mapped from disk.

Torch-free.
"""

import errno
import logging
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.image_sources import ImageFile, ImageSource, UnreadableFile, open_sources
from models.image_sources.ahead import map_ahead
from models.image_sources.prepared import PreparedSource
from models.image_sources.source import held
from models.images import MAX_BYTES, Box, ImageRejected, decode
from models.prepared_images import (
    INDEX_FILE,
    UNLABELLED,
    PreparationError,
    PreparedImages,
    is_prepared,
    open_prepared,
    read_index,
    write_index,
    write_pixels,
)

__all__ = [
    "PreparationError",
    "PreparedImages",
    "is_prepared",
    "open_prepared",
    "prepare_images",
    "square",
    "write_images",
]

# Decoding a small image takes less time than handing it to a thread.
FILES_AT_ONCE = 8
REPORT_SECONDS = 10.0

logger = logging.getLogger(__name__)


def prepare_images(
    sources: Sequence[str | Path], side: int, folder: Path, *, least_side: int = 1
) -> PreparedImages:
    """Decode the images of all `sources` into `folder`, or open what it holds of them.

    A source is anything that `image_sources.open_sources` knows; one folder prepared at this
    `side` is used as it is. The centre square is scaled to `side` pixels. Files that are no usable
    image, or shorter than `least_side` pixels, are named in the log and left out. A preparation
    that was killed starts over; a finished one is reused while no source has changed.
    Raises SourceError or PreparationError, both ValueErrors.
    """
    opened = [source for text in sources for source in open_sources(str(text))]
    ready = _prepared_at(opened, side)
    if ready is not None:
        return ready
    wanted = {"side": side, "least": least_side, "sources": [each.state() for each in opened]}
    index = read_index(folder)
    if not is_prepared(folder) or any(index.get(key) != wanted[key] for key in wanted):
        with ExitStack() as stack:
            files = chain.from_iterable([stack.enter_context(each.opened()) for each in opened])
            _write(files, folder, wanted, f"in {', '.join(map(str, sources))}")
    return open_prepared(folder)


def write_images(
    files: Iterable[tuple[str, str | None, bytes]], count: int, side: int, folder: Path
) -> PreparedImages:
    """Prepare (name, class or None, bytes) of about `count` images, whatever `folder` holds yet.

    Raises PreparationError where none is usable, or the disk has no room for so many.
    """
    needed = count * 3 * side**2
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise _no_room(
            folder, f"{needed / 2**20:.0f} MB are needed and {free / 2**20:.0f} are free"
        )
    given = (ImageFile(name, label, held(data)) for name, label, data in files)
    _write(given, folder, {"side": side, "least": 1, "sources": None}, f"among the {count} given")
    return open_prepared(folder)


def square(image: Image.Image, side: int, box: Box | None = None) -> NDArray[np.uint8]:
    """The centre square of an image, or of its `box`, scaled to `side` pixels: (3, side, side)."""
    left, top, right, bottom = box or (0, 0, image.width, image.height)
    length = min(right - left, bottom - top)
    left, top = (left + right - length) / 2, (top + bottom - length) / 2
    centre = (left, top, left + length, top + length)
    scaled = image.convert("RGB").resize((side, side), Image.Resampling.BICUBIC, box=centre)
    return np.asarray(scaled).transpose(2, 0, 1)


def _prepared_at(sources: Sequence[ImageSource], side: int) -> PreparedImages | None:
    """The images of a single source that needs no preparation."""
    if len(sources) == 1 and isinstance(sources[0], PreparedSource):
        images = open_prepared(sources[0].folder)
        if images.pixels.shape[-1] == side:
            return images
    return None


def _write(files: Iterable[ImageFile], folder: Path, facts: dict[str, Any], place: str) -> None:
    """Pixels first, then the index, which alone says that both are whole."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / INDEX_FILE).unlink(missing_ok=True)
    decoding = _Decoding(facts["side"], facts["least"], place)
    try:
        write_pixels(folder, decoding.squares(files), facts["side"])
        write_index(folder, facts | decoding.index())
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise _no_room(folder, f"it ran full after {len(decoding.names)} images") from error


@dataclass
class _Decoding:
    """What became of each file so far."""

    side: int
    least_side: int
    place: str
    names: list[str] = field(default_factory=list)
    labels: list[str | None] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)

    def squares(self, files: Iterable[ImageFile]) -> Iterator[NDArray[np.uint8]]:
        """The usable ones, in order. Raises PreparationError where there was none."""
        reported = time.monotonic()
        groups = map_ahead(self._decode_group, _groups(files), os.cpu_count() or 1)
        for file, result in chain.from_iterable(groups):
            if isinstance(result, str):
                logger.warning("left out %s: %s", file.name, result)
                self.skipped.append((file.name, result))
                continue
            self.names.append(file.name)
            self.labels.append(file.label)
            yield result
            if time.monotonic() - reported > REPORT_SECONDS:
                logger.info("prepared %d images, left out %d", len(self.names), len(self.skipped))
                reported = time.monotonic()
        if self.skipped:
            total = len(self.names) + len(self.skipped)
            logger.warning("left out %d of %d files", len(self.skipped), total)
        if not self.names:
            raise PreparationError(f"no usable image {self.place}: {self._what_was_there()}")

    def index(self) -> dict[str, Any]:
        """Names, labels and skipped files, for `write_index`."""
        classes = sorted({label for label in self.labels if label is not None})
        numbers = {label: number for number, label in enumerate(classes)}
        labels = [numbers[label] if label is not None else UNLABELLED for label in self.labels]
        found = {"names": self.names, "labels": labels, "classes": classes}
        return found | {"skipped": self.skipped}

    def _decode_group(
        self, files: list[ImageFile]
    ) -> list[tuple[ImageFile, NDArray[np.uint8] | str]]:
        return [(file, self._decode(file)) for file in files]

    def _decode(self, file: ImageFile) -> NDArray[np.uint8] | str:
        """A file's square, or why there is none."""
        try:
            decoded = decode(file.read(MAX_BYTES + 1), shrink_to=2 * self.side)
        except ImageRejected as rejection:
            return rejection.message
        except UnreadableFile as error:
            return str(error)
        if min(decoded.width, decoded.height) < self.least_side:
            size = f"{decoded.width} x {decoded.height}"
            return f"it has {size} pixels, of at least {self.least_side}"
        return square(decoded.image, self.side, decoded.box)

    def _what_was_there(self) -> str:
        if not self.skipped:
            return "there are no files"
        name, reason = self.skipped[0]
        return f"{len(self.skipped)} files were left out, the first, {name}, because {reason}"


def _groups(files: Iterable[ImageFile]) -> Iterator[list[ImageFile]]:
    remaining = iter(files)
    while group := list(islice(remaining, FILES_AT_ONCE)):
        yield group


def _no_room(folder: Path, why: str) -> PreparationError:
    return PreparationError(
        f"the disk of {folder} has no room for the images: {why}; free some space"
    )
