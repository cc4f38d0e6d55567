"""Rows of maps: where a project's images lie on a plane, as one encoder sees them."""

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, select
from sqlalchemy.orm import Session, undefer

from service.storage.tables import MapRow

# A place is kept as two numbers of 16 bits: on a screen of 4000 pixels that is a sixteenth of one.
STEPS = 2**16 - 1


def add_map(
    session: Session,
    project_id: str,
    encoder_id: str,
    image_ids: NDArray[np.int64],
    places: NDArray[np.float32],
) -> MapRow:
    """Keep places (n, 2) in [0, 1] of images (n,), in place of the encoder's earlier map."""
    same = (MapRow.project_id == project_id) & (MapRow.encoder_id == encoder_id)
    session.execute(delete(MapRow).where(same))
    row = MapRow(project_id=project_id, encoder_id=encoder_id, count=len(image_ids))
    row.places = _to_bytes(image_ids, places)
    session.add(row)
    session.flush()
    return row


def find_map(session: Session, project_id: str, encoder_id: str) -> MapRow | None:
    """The newest map of this encoder, without its places."""
    rows = select(MapRow).where(MapRow.project_id == project_id, MapRow.encoder_id == encoder_id)
    return session.scalar(rows.order_by(MapRow.id.desc()).limit(1))


def read_places(
    session: Session, version: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]] | None:
    """A map's image ids (n,), ascending, and places (n, 2); None where another took its place."""
    rows = select(MapRow).where(MapRow.id == version).options(undefer(MapRow.places))
    row = session.scalar(rows)
    return None if row is None else _from_bytes(row.places, row.count)


def _to_bytes(image_ids: NDArray[np.int64], places: NDArray[np.float32]) -> bytes:
    order = np.argsort(image_ids)
    steps = np.rint(np.clip(places[order], 0, 1) * STEPS).astype("<u2")
    return image_ids[order].astype("<i4").tobytes() + steps.tobytes()


def _from_bytes(kept: bytes, count: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    image_ids = np.frombuffer(kept, "<i4", count).astype(np.int64)
    steps = np.frombuffer(kept, "<u2", 2 * count, offset=4 * count)
    return image_ids, steps.reshape(count, 2).astype(np.float32) / np.float32(STEPS)
