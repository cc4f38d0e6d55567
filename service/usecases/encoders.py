"""Encoders: listed with what they do for a project, asked for, and entered when they are ready."""

from collections.abc import Sequence
from typing import cast

import numpy as np
from sqlalchemy import update
from sqlalchemy.orm import Session

from models.classifiers import HeadKind
from models.manifest import Manifest
from service.domain.entities import Encoder, Estimate, Job, ProjectEncoder
from service.storage import embeddings, encoders, examples, projects
from service.storage.encoders import encoder_from_row
from service.storage.tables import EncoderRow, ProjectRow
from service.usecases.accuracies import LabelledState
from service.usecases.context import Context
from service.usecases.jobs import start_job


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
        return _describe(context, session, project, rows)


def get_encoder(context: Context, project_id: str, encoder_id: str) -> ProjectEncoder:
    """One encoder and what it does for the project. Raises NotFound."""
    with context.database.read() as session:
        project = projects.get_project(session, project_id)
        row = encoders.get_encoder(session, encoder_id)
        return _describe(context, session, project, [row])[0]


def request_encoder(context: Context, spec: str) -> Job:
    """Have a worker load, check and export an encoder."""
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


def _describe(
    context: Context, session: Session, project: ProjectRow, rows: Sequence[EncoderRow]
) -> list[ProjectEncoder]:
    labels = examples.labels_by_image(session, project.id)
    counts = embeddings.counts_by_encoder(session, project.id)
    return [
        ProjectEncoder(
            **vars(encoder_from_row(row)),
            active=row.id == project.encoder_id,
            embedded=counts.get(row.id, 0),
            accuracy=_accuracy(context, session, project, row.id, labels),
        )
        for row in rows
    ]


def _accuracy(
    context: Context,
    session: Session,
    project: ProjectRow,
    encoder_id: str,
    labels: dict[int, str],
) -> Estimate | None:
    """None where the encoder has not seen every labelled image: only like is set beside like."""
    features = embeddings.features_of(session, encoder_id, list(labels))
    if not labels or len(features) < len(labels):
        return None
    kind = cast(HeadKind, project.classifier)
    revision = project.labels_revision
    state = LabelledState(project.id, project.created_at, encoder_id, kind, revision)
    rows = np.stack([features[image_id] for image_id in labels])
    return context.accuracies.get(state, rows, list(labels.values()))
