"""Rows of many images at once: what an import found, with its labels, in one transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.entities import FileError
from service.storage import projects
from service.storage.images import find_by_contents
from service.storage.tables import ClassRow, ExampleRow, ImageRow
from service.usecases.context import Context
from service.usecases.intake import KeptFile

LONGEST_NAME = 100
VANISHED = "it was deleted from the pool by another call just now: import it again"


@dataclass(frozen=True)
class Arrival:
    """An image of a source, `name` there; `kept` is None where the pool had its content before."""

    name: str
    sha256: str
    kept: KeptFile | None
    label: str | None
    reference_label: str | None


@dataclass
class Entered:
    """What became of some arrivals: images added and known, labels set, and what went wrong."""

    added: int = 0
    known: int = 0
    labelled: int = 0
    errors: list[FileError] = field(default_factory=list)


def enter_arrivals(
    context: Context, session: Session, project_id: str, arrivals: Sequence[Arrival]
) -> Entered:
    """Enter images that are not in the pool yet, and labels of images that have none.

    A label that is there stays: a person may have given it since. The session is a writing one.
    Raises NotFound where the project was deleted.
    """
    projects.get_project(session, project_id)
    contents = list({each.sha256 for each in arrivals})
    pool = dict(_found(find_by_contents(session, project_id, contents)))
    new = _new_rows(context, project_id, arrivals, set(pool))
    session.add_all(new.values())
    session.flush()
    entered = Entered(added=len(new), known=len(arrivals) - len(new))
    labels = _Labels(session, project_id)
    pool |= {sha256: (row, None) for sha256, row in new.items()}
    for arrival in arrivals:
        if arrival.sha256 not in pool:
            entered.known -= 1
            entered.errors.append(FileError(arrival.name, VANISHED))
            continue
        row, slug = pool[arrival.sha256]
        pool[arrival.sha256] = row, labels.give(row, slug, arrival, entered)
    if entered.labelled:
        projects.bump_labels_revision(session, project_id)
    return entered


def _found(
    rows: Iterable[tuple[ImageRow, str | None]],
) -> Iterable[tuple[str, tuple[ImageRow, str | None]]]:
    return ((row.sha256, (row, slug)) for row, slug in rows)


def _new_rows(
    context: Context, project_id: str, arrivals: Sequence[Arrival], known: set[str]
) -> dict[str, ImageRow]:
    """Rows of the contents that the pool lacks and the store has, by content."""
    return {
        each.sha256: ImageRow(
            project_id=project_id,
            sha256=each.sha256,
            filename=each.kept.filename,
            width=each.kept.width,
            height=each.kept.height,
            perceptual_hash=each.kept.perceptual_hash,
        )
        for each in reversed(arrivals)  # of one content the first one's name is kept
        if each.kept is not None and each.sha256 not in known and context.images.has(each.sha256)
    }


class _Labels:
    """Gives images their labels and makes the classes that it takes."""

    def __init__(self, session: Session, project_id: str) -> None:
        self._session = session
        self._project_id = project_id
        rows = session.scalars(select(ClassRow).where(ClassRow.project_id == project_id))
        self._by_slug = {row.slug: row for row in rows}
        self._by_name = {row.name.casefold(): row for row in self._by_slug.values()}

    def give(
        self, row: ImageRow, slug: str | None, arrival: Arrival, entered: Entered
    ) -> str | None:
        """Give the image what it lacks; the slug of the label that it has then."""
        if arrival.reference_label and row.reference_label is None:
            row.reference_label = projects.slugify(arrival.reference_label)
        name = (arrival.label or "").strip()
        if not name:
            return slug
        if len(name) > LONGEST_NAME:
            reason = f"its label has {len(name)} characters: at most {LONGEST_NAME} are taken"
            entered.errors.append(FileError(arrival.name, reason))
            return slug
        label = self._class(name)
        if slug is None:
            self._session.add(ExampleRow(image_id=row.id, class_id=label.id))
            entered.labelled += 1
        elif slug != label.slug:
            reason = f"its label is '{name}' here, and '{slug}' in the pool, which it keeps"
            entered.errors.append(FileError(arrival.name, reason))
        return slug or label.slug

    def _class(self, name: str) -> ClassRow:
        """The class of this name or id, made where there is none."""
        row = self._by_name.get(name.casefold()) or self._by_slug.get(name)
        if row is None:
            slug = projects.free_slug(name, set(self._by_slug))
            row = ClassRow(project_id=self._project_id, slug=slug, name=name)
            self._session.add(row)
            self._session.flush()
            self._by_slug[slug] = self._by_name[name.casefold()] = row
        return row
