"""A source's files, one by one and in many threads: read, hashed, and kept where they are new."""

import hashlib
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from models.image_sources.names import printable
from models.images import ImageRejected
from service.domain.entities import FileError
from service.interchange import ImageFile, UnreadableFile
from service.storage.images import contents_of
from service.storage.references import Reference, refer_to
from service.usecases.context import Context
from service.usecases.entering import Arrival
from service.usecases.intake import keep_file, safe_path

LabelMode: TypeAlias = Literal["labels", "reference", "ignore"]


@dataclass(frozen=True)
class Read:
    """What became of one file: an image to enter, or none, and what is to be said of it."""

    name: str
    arrival: Arrival | None
    error: FileError | None


class Reader:
    """Reads the files of an import into the store. Safe to call from many threads."""

    def __init__(
        self, context: Context, project_id: str, labels: LabelMode, *, refer: bool
    ) -> None:
        self._context = context
        self._labels = labels
        self._refer = refer
        self._limit = context.settings.max_file_mb * 2**20 + 1
        self._known = _KnownContents(context, project_id)

    def read(self, file: ImageFile) -> Read:
        """Have the file's image in the store. Raises StorageFull."""
        try:
            arrival = self._arrival(file)
        except UnreadableFile as error:
            return Read(file.name, None, FileError(file.name, printable(str(error))))
        except ImageRejected as rejection:
            return Read(file.name, None, FileError(file.name, rejection.message))
        warning = FileError(file.name, file.warning) if file.warning else None
        return Read(file.name, arrival, warning)

    def _arrival(self, file: ImageFile) -> Arrival:
        # Its state from before it is read: a change meanwhile shall not pass for the same content.
        reference = _refer(file) if self._refer else None
        data = file.read(self._limit)
        sha256 = self._known.find(data)
        if sha256 is not None and self._is_kept(sha256, len(data), reference):
            return Arrival(file.name, sha256, None, *self._labels_of(file))
        kept = keep_file(self._context, safe_path(file.name), data, reference)
        return Arrival(file.name, kept.sha256, kept, *self._labels_of(file))

    def _is_kept(self, sha256: str, size: int, reference: Reference | None) -> bool:
        """Whether the store can give the image again; a pointer to it is made anew."""
        store = self._context.images
        if store.has_copy(sha256, size):
            return True
        if reference is not None:
            store.refer(sha256, reference)
            store.sync([sha256])
        return reference is not None

    def _labels_of(self, file: ImageFile) -> tuple[str | None, str | None]:
        """Its label, and the true label that only measures."""
        if self._labels == "ignore":
            return None, None
        if self._labels == "reference":
            return None, file.reference_label or file.label
        return file.label, file.reference_label


class _KnownContents:
    """The contents that the pool had at first, 32 bytes each: a million of them take 32 MB."""

    def __init__(self, context: Context, project_id: str) -> None:
        with context.database.read() as session:
            contents = contents_of(session, project_id)
        self._digests = np.sort(np.array([bytes.fromhex(each) for each in contents], dtype="S32"))

    def find(self, data: bytes) -> str | None:
        """The sha256 of these bytes where the pool had them."""
        if not len(self._digests):
            return None
        digest = hashlib.sha256(data)
        wanted = np.array(digest.digest(), dtype="S32")
        place = np.searchsorted(self._digests, wanted)
        found = place < len(self._digests) and self._digests[place] == wanted
        return digest.hexdigest() if found else None


def _refer(file: ImageFile) -> Reference | None:
    """Where the file lies; None for one inside of an archive, a bucket or the web: it is copied."""
    if file.path is None:
        return None
    try:
        return refer_to(file.path)
    except OSError as error:
        raise UnreadableFile(f"it cannot be read: {error.strerror}") from error
