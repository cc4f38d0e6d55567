"""Rows of examples: an image has at most one label."""

from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.orm import Session, joinedload

from service.domain.errors import NotFound
from service.storage.images import is_embedded
from service.storage.tables import ClassRow, ExampleRow

# So many ids stand in one statement.
AT_ONCE = 500


def get_example(session: Session, project_id: str, example_id: int) -> ExampleRow:
    """The example's row. Raises NotFound."""
    row = session.get(ExampleRow, example_id)
    if row is None or row.image.project_id != project_id:
        raise NotFound(
            "unknown-example", f"There is no example {example_id} in project '{project_id}'."
        )
    return row


def labels_by_image(session: Session, project_id: str) -> dict[int, str]:
    """The slug of the label of every labelled image, the oldest label first."""
    rows = session.execute(
        select(ExampleRow.image_id, ClassRow.slug)
        .join(ClassRow, ClassRow.id == ExampleRow.class_id)
        .where(ClassRow.project_id == project_id)
        .order_by(ExampleRow.id)
    )
    return {row[0]: row[1] for row in rows}


def count_examples(
    session: Session, project_id: str, *, embedded_by: str | None = None, slug: str | None = None
) -> int:
    """Number of labelled images of the project: all, of a class, or embedded by an encoder."""
    # By the classes: an index has each one's examples together.
    query = select(func.count()).select_from(ExampleRow).join(ExampleRow.label)
    if embedded_by is not None:
        query = query.join(ExampleRow.image).where(is_embedded(embedded_by))
    if slug is not None:
        query = query.where(ClassRow.slug == slug)
    return session.scalar(query.where(ClassRow.project_id == project_id)) or 0


def examples_of(session: Session, image_ids: Sequence[int]) -> dict[int, ExampleRow]:
    """The examples that these images are, by image."""
    found: dict[int, ExampleRow] = {}
    for some in _parts(image_ids):
        found |= {row.image_id: row for row in session.scalars(select(ExampleRow).where(_of(some)))}
    return found


def examples_of_class(session: Session, class_id: int, after: int, limit: int) -> list[ExampleRow]:
    """A class's examples behind the example `after`, the oldest first."""
    query = select(ExampleRow).where(ExampleRow.class_id == class_id, ExampleRow.id > after)
    query = query.options(joinedload(ExampleRow.image))
    return list(session.scalars(query.order_by(ExampleRow.id).limit(limit)))


def labels_of(session: Session, image_ids: Sequence[int]) -> dict[int, str]:
    """The slug of the label of those of these images that have one."""
    query = select(ExampleRow.image_id, ClassRow.slug).join(ExampleRow.label)
    found: dict[int, str] = {}
    for some in _parts(image_ids):
        found |= {row[0]: row[1] for row in session.execute(query.where(_of(some)))}
    return found


def set_labels(session: Session, image_ids: Sequence[int], label: ClassRow) -> None:
    """Give these images, each named once, this label in place of those that they have.

    By few statements: a row object for each of ten thousand would take a second.
    """
    labelled = labels_of(session, image_ids)
    for some in _parts(list(labelled)):
        changed = update(ExampleRow).where(_of(some), ExampleRow.class_id != label.id)
        session.execute(changed.values(class_id=label.id, confirmed=False))
    new = [{"image_id": i, "class_id": label.id} for i in image_ids if i not in labelled]
    if new:
        session.execute(insert(ExampleRow), new)


def confirm_labels(session: Session, image_ids: Sequence[int]) -> None:
    """Remember that somebody says that the labels of these images are right."""
    for some in _parts(image_ids):
        session.execute(update(ExampleRow).where(_of(some)).values(confirmed=True))


def confirmed_images(session: Session, project_id: str) -> set[int]:
    """The images whose labels somebody confirmed."""
    query = select(ExampleRow.image_id).join(ClassRow, ClassRow.id == ExampleRow.class_id)
    return set(
        session.scalars(query.where(ClassRow.project_id == project_id, ExampleRow.confirmed))
    )


def remove_labels(session: Session, image_ids: Sequence[int]) -> None:
    """Take the labels of these images back."""
    for some in _parts(image_ids):
        session.execute(delete(ExampleRow).where(_of(some)))


def _parts(image_ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (image_ids[start : start + AT_ONCE] for start in range(0, len(image_ids), AT_ONCE))


def _of(image_ids: Sequence[int]) -> ColumnElement[bool]:
    return ExampleRow.image_id.in_(image_ids)
