"""Rows of images, and the lists of them that the page shows."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, exists, func, select, update
from sqlalchemy.orm import Session

from service.domain.errors import NotFound
from service.storage.tables import ClassRow, EmbeddingRow, ExampleRow, ImageRow

# An image's row, the slug of its label or None, and whether the encoder has embedded it.
ListedImage = tuple[ImageRow, str | None, bool]


def get_image(session: Session, project_id: str, image_id: int) -> ImageRow:
    """The image's row. Raises NotFound."""
    row = session.get(ImageRow, image_id)
    if row is None or row.project_id != project_id:
        raise NotFound("unknown-image", f"There is no image {image_id} in project '{project_id}'.")
    return row


def require_images(session: Session, project_id: str, image_ids: Sequence[int]) -> list[ImageRow]:
    """The rows of all these images, in order. Raises NotFound naming those that are missing."""
    found: dict[int, ImageRow] = {}
    for start in range(0, len(image_ids), 500):
        some = image_ids[start : start + 500]
        rows = select(ImageRow).where(ImageRow.project_id == project_id, ImageRow.id.in_(some))
        found |= {row.id: row for row in session.scalars(rows)}
    missing = [str(image_id) for image_id in image_ids if image_id not in found]
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise NotFound(
            "unknown-image",
            f"Project '{project_id}' has no image {', '.join(missing[:5])}{more}.",
        )
    return [found[image_id] for image_id in image_ids]


def find_by_content(session: Session, project_id: str, sha256: str) -> ImageRow | None:
    """The project's image with this content, if it has one."""
    return session.scalar(
        select(ImageRow).where(ImageRow.project_id == project_id, ImageRow.sha256 == sha256)
    )


def find_by_contents(
    session: Session, project_id: str, sha256s: Sequence[str]
) -> list[tuple[ImageRow, str | None]]:
    """The project's images with these contents, each with the slug of its label."""
    query = (
        select(ImageRow, ClassRow.slug)
        .outerjoin(ExampleRow, ExampleRow.image_id == ImageRow.id)
        .outerjoin(ClassRow, ClassRow.id == ExampleRow.class_id)
        .where(ImageRow.project_id == project_id, ImageRow.sha256.in_(sha256s))
    )
    return [(row, slug) for row, slug in session.execute(query)]


@dataclass(frozen=True)
class ContentRow:
    """What an import asks of an image that the pool has: its row and its labels."""

    id: int
    reference_label: str | None
    class_id: int | None


def rows_by_content(
    session: Session, project_id: str, sha256s: Sequence[str]
) -> dict[str, ContentRow]:
    """The project's images with these contents, by content."""
    query = (
        select(ImageRow.sha256, ImageRow.id, ImageRow.reference_label, ExampleRow.class_id)
        .outerjoin(ExampleRow, ExampleRow.image_id == ImageRow.id)
        .where(ImageRow.project_id == project_id, ImageRow.sha256.in_(sha256s))
    )
    return {row[0]: ContentRow(row[1], row[2], row[3]) for row in session.execute(query)}


def contents_of(session: Session, project_id: str) -> list[str]:
    """The sha256 of every image of the project."""
    return list(session.scalars(select(ImageRow.sha256).where(ImageRow.project_id == project_id)))


def filenames(session: Session, project_id: str) -> dict[int, str]:
    """The file name of every image of the project."""
    rows = session.execute(
        select(ImageRow.id, ImageRow.filename).where(ImageRow.project_id == project_id)
    )
    return {row[0]: row[1] for row in rows}


def contents_in_use(session: Session, sha256s: Sequence[str]) -> set[str]:
    """Those of the contents that some project has an image of."""
    return set(session.scalars(select(ImageRow.sha256).where(ImageRow.sha256.in_(sha256s))))


def list_images(
    session: Session,
    project_id: str,
    encoder_id: str | None,
    *,
    where: Sequence[ColumnElement[bool]],
    after: int | None,
    limit: int,
    oldest_first: bool = False,
) -> list[ListedImage]:
    """One page in the order of arrival, from behind the image `after`."""
    query = _listing(project_id, encoder_id).where(*where).limit(limit)
    if after is not None:
        query = query.where(ImageRow.id > after if oldest_first else ImageRow.id < after)
    order = ImageRow.id.asc() if oldest_first else ImageRow.id.desc()
    return [(row, slug, bool(done)) for row, slug, done in session.execute(query.order_by(order))]


def images_by_id(
    session: Session, project_id: str, encoder_id: str | None, image_ids: Sequence[int]
) -> list[ListedImage]:
    """These images in the order given, without those that are gone."""
    query = _listing(project_id, encoder_id).where(ImageRow.id.in_(image_ids))
    found = {row.id: (row, slug, bool(done)) for row, slug, done in session.execute(query)}
    return [found[image_id] for image_id in image_ids if image_id in found]


def count_images(session: Session, project_id: str, where: Sequence[ColumnElement[bool]]) -> int:
    """Number of the project's images that meet the conditions."""
    query = select(func.count()).select_from(ImageRow).where(ImageRow.project_id == project_id)
    return session.scalar(query.where(*where)) or 0


def has_label(slug: str | None = None) -> ColumnElement[bool]:
    """Condition: the image is labelled, with the class `slug` if that is given."""
    # Not by EXISTS, which would be asked of every image: few are labelled.
    labelled = select(ExampleRow.image_id)
    if slug is not None:
        labelled = labelled.join(ClassRow).where(ClassRow.slug == slug)
    return ImageRow.id.in_(labelled)


def is_embedded(encoder_id: str) -> ColumnElement[bool]:
    """Condition: the encoder has embedded the image."""
    return exists().where(
        EmbeddingRow.image_id == ImageRow.id, EmbeddingRow.encoder_id == encoder_id
    )


def release_near_duplicates(session: Session, project_id: str, image_id: int) -> None:
    """Let the oldest image that looks like this one, which goes, stand for the others."""
    copies = (ImageRow.project_id == project_id) & (ImageRow.near_duplicate_of == image_id)
    oldest = session.scalar(select(func.min(ImageRow.id)).where(copies))
    session.execute(update(ImageRow).where(copies).values(near_duplicate_of=oldest))
    session.execute(update(ImageRow).where(ImageRow.id == oldest).values(near_duplicate_of=None))


def is_near_duplicate() -> ColumnElement[bool]:
    """Condition: the image was found to be a copy, to the eye, of an older one."""
    return ImageRow.near_duplicate_of.is_not(None)


def _listing(project_id: str, encoder_id: str | None) -> Select[ImageRow, str | None, bool]:
    return (
        select(ImageRow, ClassRow.slug, is_embedded(encoder_id or ""))
        .outerjoin(ExampleRow, ExampleRow.image_id == ImageRow.id)
        .outerjoin(ClassRow, ClassRow.id == ExampleRow.class_id)
        .where(ImageRow.project_id == project_id)
    )
