"""The map of a project's images: asked for, and read with what is known of each image."""

import gzip
import json
from base64 import b64encode
from dataclasses import dataclass, fields
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from service.domain.entities import Job
from service.domain.errors import Conflict, NotFound
from service.domain.finding import PoolMap
from service.storage import examples, maps, projects
from service.storage.pools import Pool
from service.storage.tables import MapRow, ProjectRow
from service.usecases.context import Context
from service.usecases.jobs import start_job
from service.usecases.prediction import pool_scores, pool_strangers

# Of a probability and of a place no more is kept than can be seen: it compresses to half the size.
CONFIDENCE_STEPS = 2**12


def request_map(context: Context, project_id: str) -> Job:
    """Have a worker make the map of the project's present encoder.

    Raises NotFound, and Conflict where no image is embedded yet.
    """
    with context.database.read() as session:
        project = projects.get_project(session, project_id)
        encoder_id = _require_encoder(project)
        if not len(context.pools.get(session, project_id, encoder_id)):
            detail = f"No image of project '{project_id}' is embedded yet: there is nothing to map."
            raise Conflict("nothing-embedded", detail)
    return start_job(context, "map", {"encoder_id": encoder_id}, project_id)


def keep_map(
    context: Context,
    project_id: str,
    encoder_id: str,
    image_ids: NDArray[np.int64],
    places: NDArray[np.float32],
) -> int:
    """Keep a map that was made: places (n, 2) in [0, 1] of images (n,). Returns its version.

    Raises NotFound where the project was deleted in the meantime.
    """
    with context.database.write() as session:
        projects.get_project(session, project_id)
        return maps.add_map(session, project_id, encoder_id, image_ids, places).id


@dataclass(frozen=True)
class MapState:
    """Which map there is, and a tag that changes with all that is shown on it."""

    project_id: str
    version: int
    etag: str


def find_map(context: Context, project_id: str) -> MapState:
    """The map of the project's present encoder.

    Raises NotFound `no-map` where none was made yet, and Conflict where there is no encoder.
    """
    with context.database.read() as session:
        project, row, pool = _open(context, session, project_id)
        last = int(pool.image_ids[-1]) if len(pool) else 0
        classes = crc32("\n".join(sorted(projects.class_names(session, project_id))).encode())
        parts = (row.id, len(pool), last, project.active_version, project.labels_revision, classes)
        return MapState(project_id, row.id, f'"{"-".join(map(str, parts))}"')


def zipped_map(context: Context, state: MapState) -> bytes:
    """The map as gzipped JSON, worked out once for each state. Raises as `find_map`."""
    return context.maps.get(state.etag, lambda: _zipped(read_map(context, state.project_id)))


def read_map(context: Context, project_id: str) -> PoolMap:
    """The map with labels and predictions. Raises as `find_map`."""
    with context.database.read() as session:
        project, row, pool = _open(context, session, project_id)
        layout = context.layouts.get(row.id, pool, lambda: _places(session, row))
        image_ids, places = layout.kept_by(pool)
        classes = sorted(projects.class_names(session, project_id))
        columns = {name: number for number, name in enumerate(classes)}
        predicted, confidence, unknown = _predicted(context, session, project, image_ids, columns)
        return PoolMap(
            version=row.id,
            encoder_id=row.encoder_id,
            created_at=row.created_at,
            stale=len(pool) - len(image_ids) + len(pool.rows_of(layout.later)),
            classes=classes,
            image_ids=image_ids.astype(np.int32),
            x=places[:, 0],
            y=places[:, 1],
            label=_labels(session, project_id, image_ids, columns),
            predicted=predicted,
            confidence=confidence,
            unknown=unknown,
        )


def _open(context: Context, session: Session, project_id: str) -> tuple[ProjectRow, MapRow, Pool]:
    project = projects.get_project(session, project_id)
    encoder_id = _require_encoder(project)
    row = maps.find_map(session, project_id, encoder_id)
    if row is None:
        raise NotFound(
            "no-map",
            f"Project '{project_id}' has no map for its encoder '{encoder_id}' yet: make one with "
            'POST /jobs {"kind": "map", "payload": {}}.',
        )
    return project, row, context.pools.get(session, project_id, encoder_id)


def _require_encoder(project: ProjectRow) -> str:
    if project.encoder_id is None:
        raise Conflict("no-encoder", "The first encoder is still being registered: see GET /jobs.")
    return project.encoder_id


def _places(session: Session, row: MapRow) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    places = maps.read_places(session, row.id)
    if places is None:
        raise NotFound("no-map", "The map was replaced just now: ask again.")
    return places


def _labels(
    session: Session, project_id: str, image_ids: NDArray[np.int64], columns: dict[str, int]
) -> NDArray[np.int16]:
    """Column of each image's label (n,), -1 without one."""
    labels = examples.labels_by_image(session, project_id)
    found = np.full(len(image_ids), -1, np.int16)
    labelled = np.fromiter(labels, np.int64, len(labels))
    codes = np.fromiter((columns[slug] for slug in labels.values()), np.int16, len(labels))
    places = np.minimum(np.searchsorted(image_ids, labelled), max(len(image_ids) - 1, 0))
    if len(image_ids):
        here = image_ids[places] == labelled
        found[places[here]] = codes[here]
    return found


def _predicted(
    context: Context,
    session: Session,
    project: ProjectRow,
    image_ids: NDArray[np.int64],
    columns: dict[str, int],
) -> tuple[NDArray[np.int16], NDArray[np.float32], NDArray[np.uint8]]:
    """Column, probability and unknown flag of each image's prediction (n,)."""
    predicted = np.full(len(image_ids), -1, np.int16)
    confidence = np.zeros(len(image_ids), np.float32)
    unknown = np.zeros(len(image_ids), np.uint8)
    scores = pool_scores(context, session, project)
    strangers = pool_strangers(context, session, project)
    if scores is not None and strangers is not None:
        rows = scores.pool.rows_of(image_ids)
        here = np.searchsorted(image_ids, scores.pool.image_ids[rows])
        known = np.array([columns.get(name, -1) for name in scores.classes], np.int16)
        predicted[here] = known[scores.best[rows]]
        steps = np.rint(np.clip(scores.confidence[rows], 0, 1) * CONFIDENCE_STEPS)
        confidence[here] = steps / CONFIDENCE_STEPS
        strange = strangers.pool.image_ids[strangers.unknown]
        unknown[np.isin(image_ids, strange)] = 1
    return predicted, confidence, unknown


def _zipped(pool_map: PoolMap) -> bytes:
    message = {each.name: _sent(getattr(pool_map, each.name)) for each in fields(pool_map)}
    message |= {"count": pool_map.count, "created_at": pool_map.created_at.isoformat()}
    # The fastest level: the others take several times as long for a few per cent.
    return gzip.compress(json.dumps(message).encode(), compresslevel=1, mtime=0)


def _sent(value: Any) -> Any:
    if not isinstance(value, np.ndarray):
        return value
    return b64encode(value.astype(value.dtype.newbyteorder("<")).tobytes()).decode()
