"""The next version of a pool's index, from the database to its place."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from models.features import Features, normalise
from models.search import vector_index
from models.search.feature_rows import FeatureRows
from service.domain.errors import NotFound, StorageFull
from service.storage.embeddings import embeddings_after
from service.storage.indexes import last_removal
from service.storage.projects import count_images, get_project
from service.storage.segments import FEATURES, IMAGE_IDS, INDEX, Manifest, SegmentPlace
from service.storage.tables import IndexRow
from service.usecases.context import Context

AT_ONCE = 8_192
# Rows done, rows in all, and what is being done; it may raise to stop.
Report: TypeAlias = Callable[[int, int, str], None]
# Row ids (n,), image ids (n,) and raw features (n, d).
Batch: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64], Features]


def build_index(context: Context, project_id: str, encoder_id: str, report: Report) -> None:
    """Write the next version of a pool's index and let it be the newest; none of an empty pool.

    Raises NotFound for an unknown project, and StorageFull where the disk has no room. Of a
    version that was not finished nothing is left.
    """
    with context.database.read() as session:
        project_made_at = get_project(session, project_id).created_at
    place = SegmentPlace(project_id, encoder_id, uuid4().hex)
    with context.segments.draft(place) as draft:
        try:
            manifest = _write(context, place, draft, report)
        except OSError as error:
            raise StorageFull(
                "storage-full",
                f"The index of project '{project_id}' could not be written: {error}. Free some "
                "space: it is tried again in a few minutes.",
            ) from error
    if manifest is not None:
        _enter(context, place, manifest, project_made_at)


def _write(context: Context, place: SegmentPlace, draft: Path, report: Report) -> Manifest | None:
    manifest = _write_rows(context, place, draft, report)
    if manifest is None:
        return None
    report(manifest.rows, manifest.rows, "Arranging the index")
    features = np.asarray(np.load(draft / FEATURES, mmap_mode="r"))
    vector_index.build_index(FeatureRows(features), draft / INDEX)
    report(manifest.rows, manifest.rows, "Keeping the index")
    context.segments.keep(draft, place, manifest)
    return manifest


def _write_rows(
    context: Context, place: SegmentPlace, draft: Path, report: Report
) -> Manifest | None:
    """The pool's image ids and normalised features, all of one moment; None: there are none."""
    with context.database.read() as session:
        removal = last_removal(session, place.project_id)
        total = count_images(session, place.project_id, embedded_by=place.encoder_id)
        done = last = dimension = 0
        for row_ids, image_ids, features in _batches(session, place):
            if not done:
                dimension = features.shape[1]
                _require_room(context, total, dimension)
                kept_ids = _array(draft / IMAGE_IDS, np.dtype(np.int64), (total,))
                kept = _array(draft / FEATURES, np.dtype(np.float16), (total, dimension))
            rows = slice(done, done + len(row_ids))
            kept_ids[rows], kept[rows] = image_ids, normalise(features)
            done, last = rows.stop, int(row_ids[-1])
            report(done, total, "Reading embeddings")
    return Manifest(place.encoder_id, total, dimension, last, removal) if done else None


def _batches(session: Session, place: SegmentPlace) -> Iterator[Batch]:
    last = 0
    while True:
        batch = embeddings_after(session, place.project_id, place.encoder_id, last, AT_ONCE)
        if not len(batch[0]):
            return
        yield batch
        last = int(batch[0][-1])


def _array(file: Path, dtype: np.dtype[np.generic], shape: tuple[int, ...]) -> np.memmap:
    return np.lib.format.open_memmap(file, mode="w+", dtype=dtype, shape=shape)


def _require_room(context: Context, rows: int, dimension: int) -> None:
    # A mapped file that grows on a full disk would end the process, not raise an error.
    free, needed = context.segments.free_bytes(), rows * (3 * dimension + 24)
    if free < needed + context.settings.min_free_mb * 2**20:
        raise OSError(
            f"{free / 2**20:.0f} MB are free, {needed / 2**20:.0f} MB are needed, and "
            f"{context.settings.min_free_mb} MB are kept for the database (HANDFUL_MIN_FREE_MB)"
        )


def _enter(
    context: Context, place: SegmentPlace, manifest: Manifest, project_made_at: datetime
) -> None:
    with context.database.write() as session:
        if get_project(session, place.project_id).created_at != project_made_at:
            # Another one of the same name shall not be given the images of the one that was read.
            raise NotFound("unknown-project", f"Project '{place.project_id}' was deleted.")
        session.add(
            IndexRow(
                project_id=place.project_id,
                encoder_id=place.encoder_id,
                name=place.name,
                rows=manifest.rows,
                kind=vector_index.KIND,
                last_embedding_id=manifest.last_embedding_id,
                last_removal_id=manifest.last_removal_id,
            )
        )
