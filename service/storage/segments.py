"""Versions of an index as folders: written beside, moved into place by one rename, mapped.

They are derived from the database and may be deleted at any time. Where images are kept in an
object store, so are they, for api processes on other machines.
"""

import fcntl
import json
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp
from time import time

import numpy as np
import obstore
from numpy.typing import NDArray
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import ObjectStore

from models.features import Features
from models.search.near_rows import Rows, nearest_rows, ranked
from models.search.vector_index import Selection, VectorIndex
from service.storage.id_lookup import IdLookup
from service.storage.image_store import open_store

IMAGE_IDS, FEATURES, INDEX = FILES = ("image_ids.npy", "features.npy", "index.faiss")
MANIFEST = "manifest.json"
FORMAT = 1
PREFIX = "indexes"  # in the bucket
UNFINISHED = ".unfinished-"
FETCHING = ".fetching"
CHUNK = 2**24


class DamagedSegment(Exception):
    """A version's folder is missing or not what was written: it is to be built anew."""


class UnreachableSegment(Exception):
    """A version could not be fetched: the network or the disk failed, which may pass."""


@dataclass(frozen=True)
class Manifest:
    """What a folder holds: the pool's embeddings up to one row, less the images removed by then.

    files: the size in bytes and the CRC-32 of each.
    """

    encoder_id: str
    rows: int
    dimension: int
    last_embedding_id: int
    last_removal_id: int
    files: dict[str, tuple[int, int]] = field(default_factory=dict)
    format: int = FORMAT


@dataclass(frozen=True)
class Segment:
    """An opened version: image_ids (n,), normalised features (n, d) float16, and their index."""

    name: str
    manifest: Manifest
    image_ids: NDArray[np.int64]
    features: NDArray[np.float16]
    index: VectorIndex

    def __len__(self) -> int:
        return len(self.image_ids)

    @cached_property
    def lookup(self) -> IdLookup:
        return IdLookup(self.image_ids)

    def nearest(
        self, directions: Features, count: int, among: Rows | Selection | None
    ) -> tuple[Rows, Features]:
        """Rows and cosines (m, c) of the nearest images, best first; -1 with -infinity fills up.

        Exact among rows, and nearly so in a selection or, without either, in all of them.
        """
        if isinstance(among, np.ndarray):
            rows, cosines = nearest_rows(directions, self.features[among], min(count, len(among)))
            return among[rows], cosines
        # The index rounds what it compares: the nearest are among a few more than were asked for.
        found = self.index.search(directions, count + count // 4 + 20, among)
        vectors = self.features[found].astype(np.float32)
        cosines = np.einsum("md,mcd->mc", directions, vectors)
        return ranked(found, np.where(found < 0, -np.inf, cosines), count)


@dataclass(frozen=True)
class SegmentPlace:
    """Which folder: of a pool, a project's images under one encoder, the version of this name."""

    project_id: str
    encoder_id: str
    name: str

    @property
    def path(self) -> Path:
        """Relative to the folder, or the prefix in the bucket, of all of them."""
        return Path(self.project_id, self.encoder_id, self.name)


class SegmentShelf:
    """All versions on this machine, and in the bucket where images are kept in one."""

    def __init__(self, folder: Path, store_url: str) -> None:
        self._folder = folder
        self._bucket = open_store(store_url) if "://" in store_url else None

    @contextmanager
    def draft(self, place: SegmentPlace) -> Iterator[Path]:
        """A new folder for a version's files; it is gone afterwards where it was not kept."""
        parent = self._folder / place.path.parent
        parent.mkdir(parents=True, exist_ok=True)
        folder = Path(mkdtemp(prefix=UNFINISHED, dir=parent))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def keep(self, draft: Path, place: SegmentPlace, manifest: Manifest) -> None:
        """Let a draft be the version, here and in the bucket, where there is one."""
        checked = asdict(manifest) | {"files": {name: _check(draft / name) for name in FILES}}
        (draft / MANIFEST).write_text(json.dumps(checked))
        if self._bucket is not None:
            for name in (*FILES, MANIFEST):
                with (draft / name).open("rb") as file:
                    obstore.put(self._bucket, _key(place, name), file)
        draft.rename(self._folder / place.path)

    def open(self, place: SegmentPlace) -> Segment:
        """Map a version; fetch it first where it is not here.

        Raises DamagedSegment and UnreachableSegment.
        """
        folder = self._folder / place.path
        try:
            return _open(folder)
        except DamagedSegment:
            if self._bucket is None:
                raise
        try:
            with self._fetching():
                with suppress(DamagedSegment):  # another process was faster
                    return _open(folder)
                self._fetch(self._bucket, place)
                return _open(folder)
        except (BaseError, OSError) as error:
            raise UnreachableSegment(f"{place.path} could not be fetched: {error}") from error

    def drop_all_but(self, places: set[SegmentPlace], older_than_seconds: float) -> None:
        """Drop the versions that are no others, and drafts of processes that died, when old."""
        kept = {self._folder / place.path for place in places}
        for folder in self._folder.glob("*/*/*"):
            if folder not in kept and _age_seconds(folder) > older_than_seconds:
                shutil.rmtree(folder, ignore_errors=True)
        if self._bucket is not None:
            before = datetime.now(UTC) - timedelta(seconds=older_than_seconds)
            _drop_from(self._bucket, {_key(place, "") for place in places}, before)

    def free_bytes(self) -> int:
        """Room on the disk for more versions."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return shutil.disk_usage(self._folder).free

    @contextmanager
    def _fetching(self) -> Iterator[None]:
        """The processes of this machine take turns: none replaces what another just opens."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / FETCHING).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _fetch(self, bucket: ObjectStore, place: SegmentPlace) -> None:
        with self.draft(place) as draft:
            for name in (*FILES, MANIFEST):
                try:
                    chunks = obstore.get(bucket, _key(place, name)).stream()
                except NotFoundError as error:
                    raise DamagedSegment(f"{place.path} is not in the bucket") from error
                with (draft / name).open("wb") as file:
                    file.writelines(chunks)
            folder = self._folder / place.path
            shutil.rmtree(folder, ignore_errors=True)
            draft.rename(folder)


def _drop_from(bucket: ObjectStore, kept: set[str], before: datetime) -> None:
    found = [entry for page in obstore.list(bucket, prefix=PREFIX) for entry in page]
    for entry in found:
        path = entry["path"]
        if f"{path.rsplit('/', 1)[0]}/" not in kept and entry["last_modified"] < before:
            obstore.delete(bucket, path)


def _key(place: SegmentPlace, name: str) -> str:
    return f"{PREFIX}/{place.path.as_posix()}/{name}"


def _open(folder: Path) -> Segment:
    try:
        content = json.loads((folder / MANIFEST).read_text())
        manifest = Manifest(**content)
        if manifest.format != FORMAT:
            raise DamagedSegment(f"{folder} is of format {manifest.format}, not {FORMAT}")
        for name in FILES:
            if _check(folder / name) != tuple(manifest.files[name]):
                raise DamagedSegment(f"{folder / name} is not as it was written")
        arrays = [np.load(folder / name, mmap_mode="r") for name in (IMAGE_IDS, FEATURES)]
        image_ids, features = map(np.asarray, arrays)
        index = VectorIndex.open(folder / INDEX)
        return Segment(folder.name, manifest, image_ids, features, index)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedSegment(f"{folder} cannot be opened: {error}") from error


def _check(file: Path) -> tuple[int, int]:
    """Size and CRC-32. Reading it all takes a second or two, and warms the disk's cache."""
    checksum = 0
    with file.open("rb") as opened:
        while chunk := opened.read(CHUNK):
            checksum = zlib.crc32(chunk, checksum)
    return file.stat().st_size, checksum


def _age_seconds(folder: Path) -> float:
    with suppress(FileNotFoundError):
        return time() - folder.stat().st_mtime
    return 0.0
