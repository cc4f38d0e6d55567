"""Tar files, as WebDataset writes them: samples of files that share a name up to its first dot."""

import tarfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from models.image_sources.names import class_labels, is_hidden, printable
from models.image_sources.source import ImageFile, file_state, unreadable
from models.images import MAX_BYTES

# Beside its image a sample holds captions, boxes and the like, which are no broken images.
IMAGE_SUFFIXES = frozenset(
    (".avif", ".bmp", ".gif", ".jfif", ".jpeg", ".jpg", ".jpe", ".png", ".tif", ".tiff", ".webp")
)
LABEL_SUFFIX = ".cls"
_DAMAGED = (tarfile.TarError, OSError, EOFError, zlib.error)


@dataclass(frozen=True)
class TarSource:
    """The image files of one tar, which may be compressed.

    The text of a sample's `.cls` file is its label; without one, the folder it lies in.
    """

    archive: Path

    def state(self) -> str:
        """Changes with the archive."""
        return file_state(self.archive)

    @contextmanager
    def opened(self) -> Iterator[Iterable[ImageFile]]:
        """In the archive's order, which alone reads a tar in one go."""
        yield self._files()

    def _files(self) -> Iterator[ImageFile]:
        labels = self._labels()
        try:
            with tarfile.open(self.archive) as tar:
                for member in tar:
                    name = PurePosixPath(member.name)
                    if _is_image(member):
                        label = labels.get(_sample(name), labels.get(name))
                        yield self._image_file(tar, member, label)
        except _DAMAGED as error:
            why = f"the archive is cut off or damaged: {error}"
            yield ImageFile(printable(self.archive), None, unreadable(why))

    def _image_file(
        self, tar: tarfile.TarFile, member: tarfile.TarInfo, label: str | None
    ) -> ImageFile:
        """Read now, since later the archive is at another place."""
        name = f"{printable(self.archive.name)}/{printable(member.name)}"
        try:
            data = _content(tar, member)
        except _DAMAGED as error:
            return ImageFile(name, label, unreadable(f"it cannot be read: {error}"))
        return ImageFile(name, label, lambda limit: data[:limit])

    def _labels(self) -> dict[PurePosixPath, str]:
        """Labels by sample where there are any, and by file."""
        names: list[PurePosixPath] = []
        labels: dict[PurePosixPath, str] = {}
        try:
            with tarfile.open(self.archive) as tar:
                for member in tar:
                    name = PurePosixPath(member.name)
                    if _is_image(member):
                        names.append(name)
                    elif name.suffix == LABEL_SUFFIX and member.isfile() and not is_hidden(name):
                        text = _content(tar, member).decode(errors="replace")
                        labels[_sample(name)] = printable(text.strip())
        except _DAMAGED:
            pass  # the reading of the images reports it
        return class_labels(names) | labels


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    """A file's bytes, up to one more than an image may have."""
    file = tar.extractfile(member)
    return file.read(MAX_BYTES + 1) if file else b""


def _is_image(member: tarfile.TarInfo) -> bool:
    name = PurePosixPath(member.name)
    return member.isfile() and name.suffix.lower() in IMAGE_SUFFIXES and not is_hidden(name)


def _sample(name: PurePosixPath) -> PurePosixPath:
    """A name without all its suffixes, which the files of one sample share."""
    return name.with_name(name.name.split(".")[0])
