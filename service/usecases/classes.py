"""Classes of a project: made, renamed, merged and deleted."""

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from service.domain.entities import Class
from service.domain.errors import Conflict, Invalid
from service.storage import projects
from service.storage.tables import ClassRow, ExampleRow
from service.usecases.context import Context
from service.usecases.fitting import refit


def list_classes(context: Context, project_id: str) -> list[Class]:
    """The project's classes in the order they were made."""
    with context.database.read() as session:
        projects.get_project(session, project_id)
        rows = projects.classes_with_counts(session, project_id)
        return [Class(row.slug, row.name, count, row.created_at) for row, count in rows]


def get_class(context: Context, project_id: str, class_id: str) -> Class:
    """One class. Raises NotFound."""
    with context.database.read() as session:
        return _describe(session, projects.get_class(session, project_id, class_id))


def create_class(context: Context, project_id: str, name: str) -> Class:
    """Make a class with a readable id. Raises Conflict where the name is taken."""
    with context.database.write() as session:
        projects.get_project(session, project_id)
        _require_free_name(session, project_id, name)
        taken = set(projects.class_names(session, project_id))
        row = ClassRow(project_id=project_id, slug=projects.free_slug(name, taken), name=name)
        session.add(row)
        session.flush()
        return _describe(session, row)


def rename_class(context: Context, project_id: str, class_id: str, name: str) -> Class:
    """Give a class another name; its id stays. Raises Conflict where the name is taken."""
    with context.database.write() as session:
        row = projects.get_class(session, project_id, class_id)
        _require_free_name(session, project_id, name, besides=row.id)
        row.name = name
        return _describe(session, row)


def merge_classes(context: Context, project_id: str, class_id: str, into: str) -> Class:
    """Move all examples of a class into another and delete it."""
    if class_id == into:
        raise Invalid("same-class", f"Class '{class_id}' cannot be merged into itself.")
    with context.database.write() as session:
        source = projects.get_class(session, project_id, class_id)
        target = projects.get_class(session, project_id, into)
        if _describe(session, source).examples:
            projects.bump_labels_revision(session, project_id)
        moved = update(ExampleRow).where(ExampleRow.class_id == source.id)
        session.execute(moved.values(class_id=target.id))
        session.delete(source)
        session.flush()
        merged = _describe(session, target)
    refit(context, project_id)
    return merged


def delete_class(
    context: Context, project_id: str, class_id: str, *, delete_examples: bool
) -> None:
    """Delete a class; its labels only when asked to, its images never."""
    with context.database.write() as session:
        row = projects.get_class(session, project_id, class_id)
        count = _describe(session, row).examples
        if count and not delete_examples:
            raise Conflict(
                "class-has-examples",
                f"Class '{class_id}' has {count} examples. Merge it into another class, or delete "
                "it with ?delete_examples=true: the images then stay in the pool, unlabelled.",
            )
        session.delete(row)
        if count:
            projects.bump_labels_revision(session, project_id)
    refit(context, project_id)


def _describe(session: Session, row: ClassRow) -> Class:
    count = select(func.count()).select_from(ExampleRow).where(ExampleRow.class_id == row.id)
    return Class(row.slug, row.name, session.scalar(count) or 0, row.created_at)


def _require_free_name(
    session: Session, project_id: str, name: str, besides: int | None = None
) -> None:
    rows = select(ClassRow).where(ClassRow.project_id == project_id)
    for row in session.scalars(rows):
        if row.name.casefold() == name.casefold() and row.id != besides:
            raise Conflict(
                "duplicate-class", f"Project '{project_id}' has a class '{row.name}' already."
            )
