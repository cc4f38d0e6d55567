"""Indexes of large pools: built by a job beside the one in use, and taken up by every api process.

The database is the truth. A version holds the pool as it was when its job read it; what came and
went since is read from the database, until that is so much that the next version is due.
"""

from collections.abc import Iterator
from datetime import timedelta

import structlog
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service.domain.entities import now
from service.storage.embeddings import count_embeddings
from service.storage.indexes import (
    forget_removals,
    newest_versions,
    place_of,
    removals_after,
)
from service.storage.tables import IndexRow, ProjectRow, RemovalRow
from service.usecases.context import Context
from service.usecases.jobs import start_again

# A pool of fewer images is compared one by one in about two milliseconds, and held in memory.
INDEXED_FROM = 20_000
# Share of an index that may come or go before the next one is due.
CHANGED = 0.03
# Versions of a pool that are kept: a request may still be at work on the last but one.
KEPT = 2
GRACE = timedelta(hours=1)
log = structlog.get_logger()


def request_due(context: Context) -> None:
    """Have an index built for each pool that has grown or changed much since its newest one."""
    with context.database.read() as session:
        projects = session.scalars(select(ProjectRow))
        pools = [
            (project.id, encoder_id)
            for project in projects
            for encoder_id in (project.encoder_id, project.next_encoder_id)
            if encoder_id
        ]
        due = [pool for pool in pools if is_due(session, *pool)]
    for project_id, encoder_id in due:
        start_again(context, "index", {"encoder_id": encoder_id}, project_id)


def is_due(session: Session, project_id: str, encoder_id: str) -> bool:
    """Whether so much is new in a pool that searching it takes longer than it should."""
    newest = next(iter(newest_versions(session, project_id, encoder_id, limit=1)), None)
    limit = max(INDEXED_FROM, int(CHANGED * newest.rows)) if newest else INDEXED_FROM
    after = newest.last_embedding_id if newest else 0
    if count_embeddings(session, project_id, encoder_id, after, limit) >= limit:
        return True
    return newest is not None and (
        len(removals_after(session, project_id, newest.last_removal_id)[1]) >= limit
    )


def drop_old(context: Context) -> None:
    """Drop versions that newer ones have replaced, and folders that no version is in."""
    with context.database.read() as session:
        old = list(_replaced(session))
    if old:
        with context.database.write() as session:
            session.execute(delete(IndexRow).where(IndexRow.id.in_(old)))
    with context.database.read() as session:
        places = {place_of(row) for row in session.scalars(select(IndexRow))}
    context.segments.drop_all_but(places, GRACE.total_seconds())


def forget_damaged(context: Context) -> None:
    """Let versions be none that this process could not open: others will be due in their place."""
    damaged = context.pools.damaged
    if not damaged:
        return
    with context.database.read() as session:
        known = list(session.scalars(select(IndexRow.id).where(IndexRow.name.in_(damaged))))
    if known:
        log.warning("indexes_forgotten", versions=known)
        with context.database.write() as session:
            session.execute(delete(IndexRow).where(IndexRow.id.in_(known)))


def forget_what_went(context: Context) -> None:
    """Let go of pools of deleted projects, and of removals that every index has."""
    with context.database.read() as session:
        projects = {row.id: row.created_at for row in session.scalars(select(ProjectRow))}
        removed = {row[0] for row in session.execute(select(RemovalRow.project_id).distinct())}
    context.pools.forget_others(projects)
    for project_id in removed & projects.keys():
        with context.database.write() as session:
            project = session.get(ProjectRow, project_id)
            if project is not None:
                forget_removals(session, project)


def _replaced(session: Session) -> Iterator[int]:
    """Ids of versions with enough newer ones, that no request can be at work on any more."""
    newer: dict[tuple[str, str], int] = {}
    for row in session.scalars(select(IndexRow).order_by(IndexRow.id.desc())):
        pool = (row.project_id, row.encoder_id)
        newer[pool] = newer.get(pool, 0) + 1
        if newer[pool] > KEPT and row.created_at < now() - GRACE:
            yield row.id
