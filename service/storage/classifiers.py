"""Rows of classifier versions, and the heads in them, loaded once."""

import io
import json
import zlib
from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from threading import Lock
from typing import Any

import numpy as np
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from models.fitting import FittedHead
from service.domain.errors import Conflict, NotFound
from service.storage.tables import ClassifierRow


class Heads:
    """The fitted heads used last; versions never change, so a loaded one stays right."""

    def __init__(self, capacity: int = 64) -> None:
        self._heads: OrderedDict[int, FittedHead] = OrderedDict()
        self._capacity = capacity
        self._lock = Lock()

    def get(self, row: ClassifierRow) -> FittedHead:
        """The head of a version."""
        with self._lock:
            if row.id not in self._heads:
                self._heads[row.id] = load_head(row.head)
            self._heads.move_to_end(row.id)
            while len(self._heads) > self._capacity:
                self._heads.popitem(last=False)
            return self._heads[row.id]


def get_version(session: Session, project_id: str, version: int) -> ClassifierRow:
    """The version's row. Raises NotFound."""
    row = session.scalar(_of(project_id).where(ClassifierRow.version == version))
    if row is None:
        raise NotFound(
            "unknown-classifier", f"Project '{project_id}' has no classifier version {version}."
        )
    return row


def latest_version(session: Session, project_id: str) -> ClassifierRow | None:
    """The newest version, if there is one."""
    return session.scalar(_of(project_id).limit(1))


def list_versions(session: Session, project_id: str, limit: int) -> list[ClassifierRow]:
    """The newest versions first."""
    return list(session.scalars(_of(project_id).limit(limit)))


def dump_head(head: FittedHead) -> bytes:
    """A head as the bytes of an .npz of plain arrays."""
    file = io.BytesIO()
    arrays: dict[str, Any] = head.to_arrays()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def load_head(data: bytes) -> FittedHead:
    """The head in the bytes of an .npz; pickled content is refused."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return FittedHead.from_arrays(dict(arrays))


def dump_labels(labels: Iterable[tuple[int, str]]) -> bytes:
    """Pairs of image and class in about three bytes each: every version keeps all of its labels."""
    by_class: dict[str, list[int]] = defaultdict(list)
    for image_id, class_id in sorted(labels):
        by_class[class_id].append(image_id)
    return zlib.compress(json.dumps(by_class, separators=(",", ":")).encode())


def load_labels(row: ClassifierRow) -> dict[int, str]:
    """The class by image that a version was fitted on, in the order of the images.

    Raises Conflict for a version of a release that kept no labels.
    """
    if row.labels is None:
        raise Conflict(
            "no-snapshot",
            f"Version {row.version} is of an older release, which did not keep the labels that a "
            "version was fitted on: take a newer one.",
        )
    by_class: dict[str, list[int]] = json.loads(zlib.decompress(row.labels))
    pairs = ((image_id, slug) for slug, image_ids in by_class.items() for image_id in image_ids)
    return dict(sorted(pairs))


def _of(project_id: str) -> Select[ClassifierRow]:
    return (
        select(ClassifierRow)
        .where(ClassifierRow.project_id == project_id)
        .order_by(ClassifierRow.version.desc())
    )
