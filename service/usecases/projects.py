"""Projects: a pool, its classes and the classifier over them."""

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calibration import Estimate as Measured
from service.domain import entities
from service.domain.entities import Estimate, Project
from service.domain.errors import Conflict
from service.storage import classifiers, embeddings, encoders, examples, images, projects
from service.storage.tables import ClassRow, ImageRow, ProjectRow
from service.usecases.context import Context
from service.usecases.embedding import switch_encoders
from service.usecases.fitting import refit
from service.usecases.intake import drop_unused
from service.usecases.jobs import start_job
from service.usecases.prediction import active_version
from service.usecases.scores import score_many

DEFAULT_PROJECT = "default"
# Of so many an accuracy is known to a point or so.
MOST_REFERENCES = 5_000


def ensure_default_project(context: Context) -> None:
    """Make the project that calls without `?project=` mean."""
    with context.database.write() as session:
        if session.get(ProjectRow, DEFAULT_PROJECT) is None:
            session.add(_new(context, session, DEFAULT_PROJECT, "Default"))


def list_projects(context: Context) -> list[Project]:
    """All projects, in the order they were made."""
    with context.database.read() as session:
        rows = session.scalars(select(ProjectRow).order_by(ProjectRow.created_at))
        return [_describe(context, session, row) for row in rows]


def get_project(context: Context, project_id: str) -> Project:
    """One project. Raises NotFound."""
    with context.database.read() as session:
        return _describe(context, session, projects.get_project(session, project_id))


def create_project(context: Context, name: str) -> Project:
    """Make a project with a readable id. Raises Conflict where the name is taken."""
    with context.database.write() as session:
        _require_free_name(session, name)
        slug = projects.free_slug(name, set(session.scalars(select(ProjectRow.id))))
        session.add(_new(context, session, slug, name))
    return get_project(context, slug)


def update_project(
    context: Context,
    project_id: str,
    *,
    name: str | None = None,
    classifier: str | None = None,
    encoder_id: str | None = None,
) -> Project:
    """Rename a project, pick its classifier, or have another encoder take over.

    Another encoder embeds the pool beside the present one and takes over when it is complete.
    """
    with context.database.write() as session:
        row = projects.get_project(session, project_id)
        if name is not None:
            _require_free_name(session, name, besides=project_id)
        row.name = name or row.name
        row.classifier = classifier or row.classifier
        if encoder_id is not None:
            encoders.get_encoder(session, encoder_id)
            row.next_encoder_id = encoder_id if encoder_id != row.encoder_id else None
        coming = row.next_encoder_id if encoder_id is not None else None
    # It takes over at once where it has embedded the pool already.
    if coming is not None and project_id not in switch_encoders(context, coming):
        start_job(context, "embed", {"encoder_id": coming})
    refit(context, project_id)
    return get_project(context, project_id)


def delete_project(context: Context, project_id: str) -> None:
    """Delete a project with everything in it. Raises Conflict for the default project."""
    if project_id == DEFAULT_PROJECT:
        raise Conflict("default-project", "The default project cannot be deleted.")
    with context.database.write() as session:
        project = projects.get_project(session, project_id)
        contents = images.contents_of(session, project_id)
        session.delete(project)
    drop_unused(context, contents)


def reference_accuracy(context: Context, session: Session, project: ProjectRow) -> Estimate | None:
    """Share of right predictions among unlabelled images whose true label came with them.

    Of many such images a random part is asked.
    """
    active = active_version(context, session, project)
    if active is None:
        return None
    version_id, pool, head = active
    truth = _reference_labels(session, project.id)
    rows = pool.rows_of(list(truth))
    if not len(rows):
        return None

    def measure() -> Estimate:
        answers = score_many(pool.features[rows], head)
        predicted = np.array(answers.classes)[answers.best]
        true = np.array([truth[image_id] for image_id in pool.image_ids[rows].tolist()])
        found = Measured(int((predicted == true).sum()), len(rows))
        return Estimate(found.accuracy, found.low, found.high, found.count)

    return context.references.get((version_id, project.labels_revision, len(rows)), measure)


def _reference_labels(session: Session, project_id: str) -> dict[int, str]:
    """By image, of the unlabelled ones; the first by content are as good as random ones."""
    rows = session.execute(
        select(ImageRow.id, ImageRow.reference_label)
        .where(
            ImageRow.project_id == project_id,
            ImageRow.reference_label.is_not(None),
            ~images.has_label(),
        )
        .order_by(ImageRow.sha256)
        .limit(MOST_REFERENCES)
    )
    return {image_id: label for image_id, label in rows if label}


def _require_free_name(session: Session, name: str, besides: str | None = None) -> None:
    for row in session.scalars(select(ProjectRow)):
        if row.name.casefold() == name.casefold() and row.id != besides:
            raise Conflict("duplicate-project", f"There is a project '{row.name}' already.")


def _new(context: Context, session: Session, slug: str, name: str) -> ProjectRow:
    known = encoders.list_encoders(session, context.settings.encoder)
    return ProjectRow(id=slug, name=name, encoder_id=known[0].id if known else None)


def _describe(context: Context, session: Session, row: ProjectRow) -> Project:
    estimate = None
    if row.active_version is not None:
        stored = classifiers.get_version(session, row.id, row.active_version).estimate
        estimate = Estimate(**stored) if stored else None
    return entities.Project(
        id=row.id,
        name=row.name,
        classifier=row.classifier,
        encoder_id=row.encoder_id,
        next_encoder_id=row.next_encoder_id,
        images=projects.count_images(session, row.id),
        examples=examples.count_examples(session, row.id),
        classes=session.query(ClassRow).filter_by(project_id=row.id).count(),
        pending=_pending(session, row),
        active_version=row.active_version,
        estimate=estimate,
        reference=reference_accuracy(context, session, row),
        created_at=row.created_at,
    )


def _pending(session: Session, row: ProjectRow) -> int:
    waiting = row.next_encoder_id or row.encoder_id
    return embeddings.count_pending(session, waiting, row.id) if waiting else 0
