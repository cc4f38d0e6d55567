"""Rows of projects and their classes."""

import re
import unicodedata

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from service.domain.errors import NotFound
from service.storage.tables import ClassRow, ExampleRow, PoolCountRow, ProjectRow


def get_project(session: Session, project_id: str) -> ProjectRow:
    """The project's row. Raises NotFound."""
    row = session.get(ProjectRow, project_id)
    if row is None:
        raise NotFound("unknown-project", f"There is no project '{project_id}'.")
    return row


def get_class(session: Session, project_id: str, slug: str) -> ClassRow:
    """The class's row, by its slug. Raises NotFound."""
    row = session.scalar(
        select(ClassRow).where(ClassRow.project_id == project_id, ClassRow.slug == slug)
    )
    if row is None:
        raise NotFound("unknown-class", f"There is no class '{slug}' in project '{project_id}'.")
    return row


def classes_with_counts(session: Session, project_id: str) -> list[tuple[ClassRow, int]]:
    """The project's classes in the order they were made, each with its number of examples."""
    rows = session.execute(
        select(ClassRow, func.count(ExampleRow.id))
        .outerjoin(ExampleRow, ExampleRow.class_id == ClassRow.id)
        .where(ClassRow.project_id == project_id)
        .group_by(ClassRow.id)
        .order_by(ClassRow.id)
    )
    return [(row, count) for row, count in rows]


def class_names(session: Session, project_id: str) -> dict[str, str]:
    """Display name by slug, in the order in which they were made."""
    rows = session.execute(
        select(ClassRow.slug, ClassRow.name)
        .where(ClassRow.project_id == project_id)
        .order_by(ClassRow.id)
    )
    return {row[0]: row[1] for row in rows}


def count_images(session: Session, project_id: str, embedded_by: str = "") -> int:
    """Number of images in the project's pool: all, or those that an encoder has embedded."""
    count = select(PoolCountRow.count).where(
        PoolCountRow.project_id == project_id, PoolCountRow.encoder_id == embedded_by
    )
    return session.scalar(count) or 0


def bump_labels_revision(session: Session, project_id: str) -> None:
    """Note that a label changed, so that the classifier is known to be behind."""
    session.execute(
        update(ProjectRow)
        .where(ProjectRow.id == project_id)
        .values(labels_revision=ProjectRow.labels_revision + 1)
    )


def slugify(name: str) -> str:
    """A readable id: lower-case letters and digits of any script, joined by hyphens."""
    text = unicodedata.normalize("NFKC", name).lower()
    return re.sub(r"[\W_]+", "-", text).strip("-")[:60].rstrip("-") or "unnamed"


def free_slug(name: str, taken: set[str]) -> str:
    """The name's slug, with a number behind it where that one is taken."""
    slug, number = slugify(name), 2
    while slug in taken:
        slug, number = f"{slugify(name)}-{number}", number + 1
    return slug
