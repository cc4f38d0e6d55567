"""Rows of index versions and of removals: how an api process follows a pool."""

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from service.storage.projects import get_project
from service.storage.segments import SegmentPlace
from service.storage.tables import IndexRow, JobRow, ProjectRow, RemovalRow

# Whoever has not followed a pool since has to read it anew: not for a few rows.
WORTH_FORGETTING = 1_000


def newest_versions(
    session: Session, project_id: str, encoder_id: str, limit: int = 2
) -> list[IndexRow]:
    """A pool's last index versions, the newest first."""
    rows = select(IndexRow).where(
        IndexRow.project_id == project_id, IndexRow.encoder_id == encoder_id
    )
    return list(session.scalars(rows.order_by(IndexRow.id.desc()).limit(limit)))


def place_of(row: IndexRow) -> SegmentPlace:
    """Where a version's folder is."""
    return SegmentPlace(row.project_id, row.encoder_id, row.name)


def note_removals(session: Session, project_id: str, image_ids: list[int]) -> None:
    """Tell the readers of the project's pools that these images are being deleted."""
    session.add_all(RemovalRow(project_id=project_id, image_id=each) for each in image_ids)


def last_removal(session: Session, project_id: str) -> int:
    """Id of the project's newest removal, 0 before the first."""
    newest = select(func.max(RemovalRow.id)).where(RemovalRow.project_id == project_id)
    return session.scalar(newest) or get_project(session, project_id).removals_forgotten


def forget_removals(session: Session, project: ProjectRow) -> None:
    """Forget the removals that every index version of the project has.

    None while a version is being built, which may know fewer. The session is a writing one.
    """
    of_project = IndexRow.project_id == project.id
    known = session.scalar(select(func.min(IndexRow.last_removal_id)).where(of_project))
    until = last_removal(session, project.id) if known is None else known
    old = RemovalRow.project_id == project.id, RemovalRow.id <= until
    count = session.scalar(select(func.count()).select_from(RemovalRow).where(*old)) or 0
    building = JobRow.project_id == project.id, JobRow.kind == "index", JobRow.state == "running"
    if count < WORTH_FORGETTING or session.scalar(select(JobRow.id).where(*building).limit(1)):
        return
    session.execute(delete(RemovalRow).where(*old))
    project.removals_forgotten = until


def removals_after(
    session: Session, project_id: str, last_id: int
) -> tuple[int, NDArray[np.int64]]:
    """The newest removal's id, and the images (n,) that were deleted since `last_id`."""
    rows = session.execute(
        select(RemovalRow.id, RemovalRow.image_id)
        .where(RemovalRow.project_id == project_id, RemovalRow.id > last_id)
        .order_by(RemovalRow.id)
    ).all()
    newest = rows[-1].id if rows else last_id
    return newest, np.array([row.image_id for row in rows], dtype=np.int64)
