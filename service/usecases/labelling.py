"""Labels: given, moved and taken back; each change makes a new classifier version by itself."""

from collections.abc import Iterable, Sequence

from sqlalchemy.orm import Session

from service.domain.entities import Example, LabelChange, Page, Rejected, StoredImage, Upload
from service.domain.errors import Invalid
from service.storage import examples, images, projects
from service.storage.tables import ExampleRow
from service.usecases.context import Context
from service.usecases.embedding import embed_images
from service.usecases.fitting import refit
from service.usecases.intake import enter, keep_files

Added = tuple[list[Example], list[Rejected], int | None]


def add_files(context: Context, project_id: str, class_id: str, uploads: Iterable[Upload]) -> Added:
    """Enter files in the pool as examples of a class.

    Returns the examples, the rejected files, and the classifier version that knows all of the
    examples, or None while some wait for their embedding.
    """
    with context.database.read() as session:  # before anything is kept for a class unknown
        projects.get_class(session, project_id, class_id)
    intake = keep_files(context, uploads)
    with context.database.write() as session:
        stored = enter(session, project_id, intake.kept)
        added = _label(session, project_id, class_id, stored)
    return added, intake.rejected, _follow(context, project_id, added)


def add_images(context: Context, project_id: str, class_id: str, image_ids: Sequence[int]) -> Added:
    """Make images that are in the pool examples of a class; see `add_files`."""
    with context.database.write() as session:
        rows = images.require_images(session, project_id, image_ids)
        stored = [StoredImage(row.id, row.filename, row.sha256, duplicate=True) for row in rows]
        added = _label(session, project_id, class_id, stored)
    return added, [], _follow(context, project_id, added)


def change_labels(
    context: Context, project_id: str, changes: Sequence[LabelChange]
) -> tuple[list[LabelChange], int | None]:
    """Set or remove many labels at once, all or none.

    Returns the labels as they were, to undo the change, and the version that knows it.
    """
    image_ids = [change.image_id for change in changes]
    if len(set(image_ids)) < len(image_ids):
        raise Invalid("repeated-image", "An image is named twice: give each one label.")
    with context.database.write() as session:
        images.require_images(session, project_id, image_ids)
        present = examples.examples_of(session, image_ids)
        previous = [LabelChange(i, _slug(present.get(i))) for i in image_ids]
        for change in changes:
            _apply(session, project_id, change, present.get(change.image_id))
        projects.bump_labels_revision(session, project_id)
    embed_images(context, project_id, image_ids)
    return previous, refit(context, project_id)


def move_example(context: Context, project_id: str, example_id: int, class_id: str) -> Example:
    """Give an example another class."""
    with context.database.write() as session:
        row = examples.get_example(session, project_id, example_id)
        previous = row.label.slug
        row.class_id = projects.get_class(session, project_id, class_id).id
        projects.bump_labels_revision(session, project_id)
        filename = row.image.filename
        moved = Example(row.id, row.image_id, class_id, filename, row.created_at, True, previous)
    refit(context, project_id)
    return moved


def remove_example(context: Context, project_id: str, example_id: int) -> None:
    """Take a label back; the image stays in the pool."""
    with context.database.write() as session:
        session.delete(examples.get_example(session, project_id, example_id))
        projects.bump_labels_revision(session, project_id)
    refit(context, project_id)


def list_examples(
    context: Context, project_id: str, class_id: str, *, cursor: str | None, limit: int
) -> Page[Example]:
    """A class's examples, the oldest first."""
    with context.database.read() as session:
        label = projects.get_class(session, project_id, class_id)
        rows = examples.examples_of_class(session, label.id, _after(cursor), limit + 1)
        items = [
            Example(row.id, row.image_id, class_id, row.image.filename, row.created_at)
            for row in rows[:limit]
        ]
        total = sum(
            n for row, n in projects.classes_with_counts(session, project_id) if row is label
        )
    return Page(items, str(items[-1].id) if len(rows) > limit else None, total)


def _label(
    session: Session, project_id: str, class_id: str, stored: list[StoredImage]
) -> list[Example]:
    label = projects.get_class(session, project_id, class_id)
    present = examples.examples_of(session, [image.id for image in stored])
    added = []
    for image in stored:
        previous = _slug(present.get(image.id))
        row = examples.set_label(session, image.id, label, present.get(image.id))
        present[image.id] = row
        moved_from = previous if previous != class_id else None
        added.append(
            Example(
                row.id,
                image.id,
                class_id,
                image.filename,
                row.created_at,
                image.duplicate,
                moved_from,
            )
        )
        session.expire(row, ["label"])
    if added:
        projects.bump_labels_revision(session, project_id)
    return added


def _apply(
    session: Session, project_id: str, change: LabelChange, present: ExampleRow | None
) -> None:
    if change.class_id is not None:
        label = projects.get_class(session, project_id, change.class_id)
        examples.set_label(session, change.image_id, label, present)
    elif present is not None:
        session.delete(present)


def _follow(context: Context, project_id: str, added: list[Example]) -> int | None:
    """Embed what is new and refit; the version, or None while embeddings are pending."""
    waiting = embed_images(context, project_id, [example.image_id for example in added])
    version = refit(context, project_id)
    return None if waiting else version


def _slug(example: ExampleRow | None) -> str | None:
    return example.label.slug if example else None


def _after(cursor: str | None) -> int:
    try:
        return int(cursor) if cursor else 0
    except ValueError:
        raise Invalid(
            "bad-cursor", f"'{cursor}' is no cursor: send back 'next_cursor' as it came."
        ) from None
