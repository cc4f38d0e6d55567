"""Features of images that one encoder has embedded before, kept by the content of their files."""

import hashlib
import os
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

import numpy as np

from models.features import Features

# An interrupted run loses the features of so many images at most.
SHARD = 2048
_DIGEST_BYTES = 32
_DAMAGED = (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile)


def content_key(data: bytes) -> bytes:
    """The same for the same bytes of an image file, wherever it lies."""
    return hashlib.sha256(data).digest()


class FeatureCache:
    """Features (d,) by `content_key`, in a folder that belongs to one encoder.

    Each shard is a file that appears whole or not at all, named by what it holds, so that
    several processes may use the folder at once. Leave the `with` block to keep what was added.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[bytes, Features] = {}
        self._unsaved: dict[bytes, Features] = {}
        for shard in sorted(folder.glob("*.npz")):
            self._known.update(_read_shard(shard))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._save()

    def __contains__(self, key: bytes) -> bool:
        return key in self._known

    def __getitem__(self, key: bytes) -> Features:
        return self._known[key]

    def add(self, added: Mapping[bytes, Features]) -> None:
        """Remember features (d,) by their keys."""
        self._known.update(added)
        self._unsaved.update(added)
        if len(self._unsaved) >= SHARD:
            self._save()

    def _save(self) -> None:
        if self._unsaved:
            _write_shard(self._folder, self._unsaved)
            self._unsaved = {}


def _write_shard(folder: Path, features: Mapping[bytes, Features]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    keys = b"".join(features)
    target = folder / f"{hashlib.sha256(keys).hexdigest()[:16]}.npz"
    unfinished = target.with_suffix(f".{os.getpid()}")
    with unfinished.open("wb") as file:
        digests = np.frombuffer(keys, dtype=np.uint8).reshape(-1, _DIGEST_BYTES)
        np.savez(file, digests=digests, features=np.stack(list(features.values())))
    unfinished.replace(target)


def _read_shard(path: Path) -> Iterator[tuple[bytes, Features]]:
    """Nothing of a damaged one: its images are embedded again."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as shard:
            digests, features = shard["digests"], shard["features"]
    except _DAMAGED:
        return
    if len(digests) == len(features):
        yield from zip((row.tobytes() for row in digests), features, strict=True)
