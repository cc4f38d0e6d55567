"""Images for pretraining: decoded once into small uint8 squares that are mapped from disk.

Torch-free.
"""

import json
import logging
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.images import MAX_BYTES, ImageRejected, decode

PIXELS_FILE = "pixels.npy"
INDEX_FILE = "index.json"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PretrainingImages:
    """`pixels` (n, 3, side, side) uint8, read from disk as needed; `labels` (n,) count `classes`.

    A class is the name of the folder an image lies in: it serves probes, never the training.
    `skipped` names the files that are no usable image.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    skipped: tuple[str, ...]


def prepare_images(sources: Sequence[Path], side: int, cache_folder: Path) -> PretrainingImages:
    """Decode folders and zip files of images into `cache_folder`, or open what it holds of them.

    The centre square is scaled to `side` pixels. Files that are no usable
    image are named in the log and left out. Raises ValueError if none is left.
    """
    wanted = {"side": side, "sources": [_fingerprint(source) for source in sources]}
    path = cache_folder / INDEX_FILE
    index = json.loads(path.read_text()) if path.exists() else {}
    if {key: index.get(key) for key in wanted} != wanted:
        cache_folder.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # a decoding that breaks off must not pass for a whole one
        folders, skipped = _decode_all(sources, side, cache_folder / PIXELS_FILE)
        index = {**wanted, "folders": folders, "skipped": skipped}
        path.write_text(json.dumps(index))
    classes, labels = np.unique(index["folders"], return_inverse=True)
    pixels = np.load(cache_folder / PIXELS_FILE, mmap_mode="r")[: len(labels)]
    return PretrainingImages(pixels, labels, tuple(classes.tolist()), tuple(index["skipped"]))


def square(image: Image.Image, side: int) -> NDArray[np.uint8]:
    """The centre square of an image, scaled to `side` pixels: (3, side, side)."""
    length = min(image.size)
    left, top = (image.width - length) / 2, (image.height - length) / 2
    box = (left, top, left + length, top + length)
    scaled = image.convert("RGB").resize((side, side), Image.Resampling.BICUBIC, box=box)
    return np.asarray(scaled).transpose(2, 0, 1)


def _decode_all(sources: Sequence[Path], side: int, path: Path) -> tuple[list[str], list[str]]:
    """Write the usable images to `path`: the name of each one's folder, and the skipped files."""
    count = sum(len(_names(source)) for source in sources)
    pixels = np.lib.format.open_memmap(path, "w+", np.uint8, (max(1, count), 3, side, side))
    folders: list[str] = []
    skipped: list[str] = []
    for name, data in _files(sources):
        try:
            pixels[len(folders)] = square(decode(data).image, side)
        except ImageRejected as rejection:
            logger.warning("left out %s: %s", name, rejection.message)
            skipped.append(name)
        else:
            folders.append(PurePosixPath(name).parent.name)
    pixels.flush()
    if not folders:
        raise ValueError(f"no image among {count} files of {', '.join(map(str, sources))}")
    return folders, skipped


def _files(sources: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    """Names and contents of all files; of a longer one a byte more than `decode` takes."""
    for source in sources:
        with ExitStack() as stack:
            archive = None if source.is_dir() else stack.enter_context(zipfile.ZipFile(source))
            for name in _names(source):
                opened = archive.open(name) if archive else (source / name).open("rb")
                with opened as file:
                    yield name, file.read(MAX_BYTES + 1)


def _names(source: Path) -> list[str]:
    """The files of a folder or zip file, sorted; hidden ones and what macOS adds left out."""
    if source.is_dir():
        names = [p.relative_to(source).as_posix() for p in source.rglob("*") if p.is_file()]
    else:
        with zipfile.ZipFile(source) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
    return sorted(name for name in names if not _hidden(name))


def _hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)


def _fingerprint(source: Path) -> list[object]:
    """What changes when a source does."""
    if not source.is_dir() and not zipfile.is_zipfile(source):
        raise ValueError(f"{source} is neither a folder nor a zip file of images")
    state = source.stat()
    return [str(source.resolve()), state.st_size, state.st_mtime_ns, len(_names(source))]
