"""Encoders: listed with what they do for a project, asked for, and entered when they are ready."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import update
from sqlalchemy.orm import Session

from models.classifiers import HeadKind
from models.manifest import Manifest
from service.domain.entities import Encoder, Estimate, Job, ProjectEncoder
from service.storage import embeddings, encoders, examples, projects
from service.storage.encoders import encoder_from_row
from service.storage.tables import EncoderRow, ProjectRow
from service.usecases.accuracies import LabelledState, estimate_accuracy
from service.usecases.context import Context
from service.usecases.encoder_specs import require_allowed
from service.usecases.jobs import start_job
from service.usecases.labelled_pool import divide_pool


def list_encoders(context: Context) -> list[Encoder]:
    """All registered encoders, the default of new projects first."""
    preferred = context.settings.encoder
    with context.database.read() as session:
        return [encoder_from_row(row) for row in encoders.list_encoders(session, preferred)]


def list_project_encoders(context: Context, project_id: str) -> list[ProjectEncoder]:
    """The same, each with what it does for the project. Raises NotFound."""
    with context.database.read() as session:
        project = projects.get_project(session, project_id)
        rows = encoders.list_encoders(session, context.settings.encoder)
        known = _describe(session, project, rows)
    return [_measured(context, project, each) for each in known]


def get_encoder(context: Context, project_id: str, encoder_id: str) -> ProjectEncoder:
    """One encoder and what it does for the project. Raises NotFound."""
    with context.database.read() as session:
        project = projects.get_project(session, project_id)
        row = encoders.get_encoder(session, encoder_id)
        known = _describe(session, project, [row])[0]
    return _measured(context, project, known)


def request_encoder(context: Context, spec: str) -> Job:
    """Have a worker load, check and export an encoder.

    Raises Invalid for a file or folder that callers may not name.
    """
    require_allowed(context.settings, spec)
    return start_job(context, "register_encoder", {"spec": spec})


def enter_encoder(context: Context, spec: str, manifest: Manifest) -> None:
    """Enter an encoder whose folder is complete, or what is new of it.

    Projects without an encoder take it.
    """
    content = manifest.model_dump(mode="json")
    with context.database.write() as session:
        row = session.get(EncoderRow, manifest.encoder_id) or EncoderRow(id=manifest.encoder_id)
        row.source, row.manifest = spec, content
        session.add(row)
        session.flush()
        without = update(ProjectRow).where(ProjectRow.encoder_id.is_(None))
        session.execute(without.values(encoder_id=manifest.encoder_id))


@dataclass(frozen=True)
class _Known:
    """What the database knows of an encoder; its accuracy is then worked out without a session."""

    encoder: Encoder
    active: bool
    embedded: int
    complete: bool  # it has seen every labelled image: only like is set beside like


def _describe(session: Session, project: ProjectRow, rows: Sequence[EncoderRow]) -> list[_Known]:
    labelled = examples.count_examples(session, project.id)
    counts = embeddings.counts_by_encoder(session, project.id)
    return [
        _Known(
            encoder_from_row(row),
            row.id == project.encoder_id,
            counts.get(row.id, 0),
            0 < labelled == examples.count_examples(session, project.id, embedded_by=row.id),
        )
        for row in rows
    ]


def _measured(context: Context, project: ProjectRow, known: _Known) -> ProjectEncoder:
    accuracy = _accuracy(context, project, known.encoder.id) if known.complete else None
    return ProjectEncoder(
        **vars(known.encoder), active=known.active, embedded=known.embedded, accuracy=accuracy
    )


def _accuracy(context: Context, project: ProjectRow, encoder_id: str) -> Estimate | None:
    kind = cast(HeadKind, project.classifier)
    revision = project.labels_revision
    state = LabelledState(project.id, project.created_at, encoder_id, kind, revision)

    def work_out() -> Estimate | None:
        with context.database.read() as session:
            labels = examples.labels_by_image(session, project.id)
            pool = context.pools.get(session, project.id, encoder_id)
        return estimate_accuracy(divide_pool(pool, labels, kind), kind)

    return context.accuracies.get(state, work_out)
