"""Labels: given, moved and taken back; each change makes a new classifier version by itself."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy.orm import Session

from service.domain.entities import Example, LabelChange, Page, Rejected, StoredImage, Upload
from service.domain.errors import Invalid
from service.storage import examples, images, projects
from service.storage.tables import ExampleRow
from service.usecases.context import Context
from service.usecases.cursors import read_cursor
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
        stored = enter(context, session, project_id, intake.kept)
        added = _label(session, project_id, class_id, stored)
    return added, intake.rejected, _follow(context, project_id, [each.image_id for each in added])


def add_images(context: Context, project_id: str, class_id: str, image_ids: Sequence[int]) -> Added:
    """Make images that are in the pool examples of a class; see `add_files`."""
    with context.database.write() as session:
        rows = images.require_images(session, project_id, image_ids)
        stored = [StoredImage(row.id, row.filename, row.sha256, duplicate=True) for row in rows]
        added = _label(session, project_id, class_id, stored)
    return added, [], _follow(context, project_id, [each.image_id for each in added])


def change_labels(
    context: Context, project_id: str, changes: Sequence[LabelChange]
) -> tuple[list[LabelChange], int | None]:
    """Set or remove many labels at once, all or none; one that is there already is confirmed.

    Returns the labels as they were, to undo the change, and the version that knows it.
    """
    image_ids = [change.image_id for change in changes]
    if len(set(image_ids)) < len(image_ids):
        raise Invalid("repeated-image", "An image is named twice: give each one label.")
    with context.database.write() as session:
        images.require_images(session, project_id, image_ids)
        before = examples.labels_of(session, image_ids)
        previous = [LabelChange(image_id, before.get(image_id)) for image_id in image_ids]
        if previous != list(changes):
            _apply(session, project_id, changes)
            projects.bump_labels_revision(session, project_id)
        examples.confirm_labels(session, _unchanged(previous, changes))
    labelled = [change.image_id for change in changes if change.class_id is not None]
    return previous, _follow(context, project_id, labelled)


def _unchanged(previous: Sequence[LabelChange], changes: Sequence[LabelChange]) -> list[int]:
    pairs = zip(previous, changes, strict=True)
    return [after.image_id for before, after in pairs if before == after and after.class_id]


def _apply(session: Session, project_id: str, changes: Sequence[LabelChange]) -> None:
    by_class: defaultdict[str | None, list[int]] = defaultdict(list)
    for change in changes:
        by_class[change.class_id].append(change.image_id)
    examples.remove_labels(session, by_class.pop(None, []))
    for slug, image_ids in by_class.items():
        label = projects.get_class(session, project_id, str(slug))
        examples.set_labels(session, image_ids, label)


def move_example(context: Context, project_id: str, example_id: int, class_id: str) -> Example:
    """Give an example another class."""
    with context.database.write() as session:
        row = examples.get_example(session, project_id, example_id)
        image = StoredImage(row.image_id, row.image.filename, row.image.sha256, duplicate=True)
        moved = _label(session, project_id, class_id, [image])[0]
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
        rows = examples.examples_of_class(session, label.id, read_cursor(cursor) or 0, limit + 1)
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
    image_ids = list(dict.fromkeys(image.id for image in stored))
    before = examples.labels_of(session, image_ids)
    changed = [image_id for image_id in image_ids if before.get(image_id) != class_id]
    if changed:
        examples.set_labels(session, changed, label)
        projects.bump_labels_revision(session, project_id)
    rows = examples.examples_of(session, image_ids)
    return [_example(rows[image.id], image, class_id, before.get(image.id)) for image in stored]


def _example(row: ExampleRow, image: StoredImage, class_id: str, before: str | None) -> Example:
    return Example(
        id=row.id,
        image_id=image.id,
        class_id=class_id,
        filename=image.filename,
        created_at=row.created_at,
        duplicate=image.duplicate,
        previous_class_id=before if before != class_id else None,
    )


def _follow(context: Context, project_id: str, image_ids: Sequence[int]) -> int | None:
    """Embed what is new and refit; the version, or None while embeddings are pending."""
    waiting = embed_images(context, project_id, image_ids)
    version = refit(context, project_id)
    return None if waiting else version
