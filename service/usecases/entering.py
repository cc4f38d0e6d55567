"""Rows of many images at once: what an import found, with its labels, in one transaction."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from service.domain.entities import FileError, now
from service.storage import projects
from service.storage.images import ContentRow, rows_by_content
from service.storage.tables import Base, ClassRow, ExampleRow, ImageRow
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
    known = rows_by_content(session, project_id, contents)
    new = list(_new_images(context, project_id, arrivals, known))
    _insert(session, ImageRow, new)
    pool = rows_by_content(session, project_id, contents)
    gone = [each for each in arrivals if each.sha256 not in pool]
    entered = Entered(len(new), len(arrivals) - len(new) - len(gone))
    entered.errors += [FileError(each.name, VANISHED) for each in gone]
    here = [each for each in arrivals if each.sha256 in pool]
    classes = _Classes(session, project_id)
    _set_labels(session, classes, here, pool, entered)
    _set_references(session, classes, here, pool)
    return entered


def enter_classes(session: Session, project_id: str, names: Iterable[str]) -> None:
    """Make the classes that are not there yet; names that are too long are left out.

    The session is a writing one. Raises NotFound where the project was deleted.
    """
    projects.get_project(session, project_id)
    classes = _Classes(session, project_id)
    for name in filter(None, map(str.strip, names)):
        if len(name) <= LONGEST_NAME:
            classes.get(name)


def _new_images(
    context: Context, project_id: str, arrivals: Sequence[Arrival], known: Collection[str]
) -> Iterator[dict[str, Any]]:
    """Values of the images that the pool lacks and the store has; the first name is kept."""
    new: dict[str, KeptFile] = {}
    for each in arrivals:
        if each.kept is not None and each.sha256 not in known:
            new.setdefault(each.sha256, each.kept)
    # Asked for within the transaction: before it a deletion could still take them away.
    here, moment = context.images.present(new), now()
    for sha256, kept in new.items():
        if sha256 in here:
            yield {
                "project_id": project_id,
                "sha256": sha256,
                "filename": kept.filename,
                "width": kept.width,
                "height": kept.height,
                "perceptual_hash": kept.perceptual_hash,
                "created_at": moment,
            }


def _set_references(
    session: Session,
    classes: "_Classes",
    arrivals: Sequence[Arrival],
    pool: dict[str, ContentRow],
) -> None:
    """Keep the true labels of images that have none."""
    wanted = {
        pool[each.sha256].id: classes.id_for(each.reference_label)
        for each in reversed(arrivals)  # of one content the first one counts
        if each.reference_label and pool[each.sha256].reference_label is None
    }
    if wanted:
        images = Base.metadata.tables[ImageRow.__tablename__]
        change = update(images).where(images.c.id == bindparam("image"))
        values = [{"image": image_id, "label": label} for image_id, label in wanted.items()]
        session.connection().execute(change.values(reference_label=bindparam("label")), values)


def _set_labels(
    session: Session,
    classes: "_Classes",
    arrivals: Sequence[Arrival],
    pool: dict[str, ContentRow],
    entered: Entered,
) -> None:
    """Label images that have no label; say where the source has another than the pool."""
    given: dict[int, ClassRow] = {}
    for each in arrivals:
        name = (each.label or "").strip()
        if len(name) > LONGEST_NAME:
            reason = f"its label has {len(name)} characters: at most {LONGEST_NAME} are taken"
            entered.errors.append(FileError(each.name, reason))
        elif name:
            row, label = pool[each.sha256], classes.get(name)
            present = row.class_id or given.setdefault(row.id, label).id
            if present != label.id:
                reason = f"its label is '{name}' here and '{classes.name(present)}' in the pool"
                entered.errors.append(FileError(each.name, f"{reason}, which keeps its own"))
    moment = now()
    labels = [
        {"image_id": image_id, "class_id": label.id, "created_at": moment}
        for image_id, label in given.items()
    ]
    _insert(session, ExampleRow, labels)
    entered.labelled += len(labels)
    if labels:
        projects.bump_labels_revision(session, classes.project_id)


def _insert(session: Session, row: type[Base], values: list[dict[str, Any]]) -> None:
    """Insert many rows at once: through the ORM each one would be a statement of its own."""
    if values:
        session.connection().execute(insert(Base.metadata.tables[row.__tablename__]), values)


class _Classes:
    """The project's classes by name; those that are missing are made."""

    def __init__(self, session: Session, project_id: str) -> None:
        self.project_id = project_id
        self._session = session
        rows = session.scalars(select(ClassRow).where(ClassRow.project_id == project_id))
        self._by_id = {row.id: row for row in rows}
        self._slugs = {row.slug for row in self._by_id.values()}
        self._by_name = {row.name.casefold(): row for row in self._by_id.values()}

    def name(self, class_id: int) -> str:
        """A class's name."""
        return self._by_id[class_id].name

    def id_for(self, name: str) -> str:
        """What a class of this name is called by: the id of one that is there, or may be made."""
        row = self._by_name.get(name.strip().casefold())
        return row.slug if row else projects.slugify(name)

    def get(self, name: str) -> ClassRow:
        """The class of this name; not of this id, as `c` may be that of C++."""
        row = self._by_name.get(name.casefold())
        if row is None:
            slug = projects.free_slug(name, self._slugs)
            row = ClassRow(project_id=self.project_id, slug=slug, name=name)
            self._session.add(row)
            self._session.flush()
            self._slugs.add(slug)
            self._by_id[row.id] = self._by_name[name.casefold()] = row
        return row
