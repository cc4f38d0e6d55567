"""Rows of examples: an image has at most one label."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from service.domain.errors import NotFound
from service.storage.images import is_embedded
from service.storage.tables import ClassRow, ExampleRow, ImageRow


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


def count_examples(session: Session, project_id: str, embedded_by: str | None = None) -> int:
    """Number of labelled images of the project: all, or those that an encoder has embedded."""
    query = select(func.count()).select_from(ExampleRow).join(ImageRow)
    if embedded_by is not None:
        query = query.where(is_embedded(embedded_by))
    return session.scalar(query.where(ImageRow.project_id == project_id)) or 0


def examples_of(session: Session, image_ids: Sequence[int]) -> dict[int, ExampleRow]:
    """The examples that these images are, by image."""
    found: dict[int, ExampleRow] = {}
    for start in range(0, len(image_ids), 500):
        some = image_ids[start : start + 500]
        rows = session.scalars(select(ExampleRow).where(ExampleRow.image_id.in_(some)))
        found |= {row.image_id: row for row in rows}
    return found


def examples_of_class(session: Session, class_id: int, after: int, limit: int) -> list[ExampleRow]:
    """A class's examples behind the example `after`, the oldest first."""
    query = select(ExampleRow).where(ExampleRow.class_id == class_id, ExampleRow.id > after)
    query = query.options(joinedload(ExampleRow.image))
    return list(session.scalars(query.order_by(ExampleRow.id).limit(limit)))


def set_label(
    session: Session, image_id: int, label: ClassRow, present: ExampleRow | None
) -> ExampleRow:
    """Give the image this label, in place of the one that it has."""
    if present is None:
        present = ExampleRow(image_id=image_id, class_id=label.id)
        session.add(present)
    else:
        present.class_id = label.id
    return present
