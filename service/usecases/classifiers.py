"""Classifier versions: listed, looked at, and rolled back to."""

from service.domain.entities import (
    Classifier,
    ClassifierMetrics,
    Estimate,
    LabelSnapshot,
    SnapshotLabel,
)
from service.domain.errors import Conflict
from service.storage import classifiers, projects
from service.storage.tables import ClassifierRow, ProjectRow
from service.usecases.context import Context
from service.usecases.projects import reference_accuracy


def list_classifiers(context: Context, project_id: str, limit: int = 100) -> list[Classifier]:
    """The newest versions first."""
    with context.database.read() as session:
        project = projects.get_project(session, project_id)
        reference = reference_accuracy(context, session, project)
        rows = classifiers.list_versions(session, project_id, limit)
        return [_describe(row, project, reference) for row in rows]


def get_classifier(context: Context, project_id: str, version: int) -> Classifier:
    """One version. Raises NotFound."""
    with context.database.read() as session:
        project = projects.get_project(session, project_id)
        row = classifiers.get_version(session, project_id, version)
        return _describe(row, project, reference_accuracy(context, session, project))


def get_labels(context: Context, project_id: str, version: int) -> LabelSnapshot:
    """The labels that a version was fitted on. Raises NotFound; Conflict where it kept none."""
    with context.database.read() as session:
        projects.get_project(session, project_id)
        row = classifiers.get_version(session, project_id, version)
        labels = classifiers.load_labels(row)
    return LabelSnapshot(version, [SnapshotLabel(*pair) for pair in labels.items()])


def activate(context: Context, project_id: str, version: int) -> Classifier:
    """Let a version answer from now on, until a label changes.

    Raises Conflict where it was fitted on another encoder's features.
    """
    with context.database.write() as session:
        project = projects.get_project(session, project_id)
        row = classifiers.get_version(session, project_id, version)
        if row.encoder_id != project.encoder_id:
            raise Conflict(
                "other-encoder",
                f"Version {version} was fitted on features of '{row.encoder_id}', and project "
                f"'{project_id}' uses '{project.encoder_id}': switch the encoder first.",
            )
        project.active_version = version
    return get_classifier(context, project_id, version)


def _describe(row: ClassifierRow, project: ProjectRow, reference: Estimate | None) -> Classifier:
    active = row.version == project.active_version
    return Classifier(
        version=row.version,
        active=active,
        kind=row.kind,
        encoder_id=row.encoder_id,
        classes=row.class_counts,
        labels=sum(row.class_counts.values()),
        pool_size=row.pool_size,
        metrics=ClassifierMetrics(**row.metrics) if row.metrics else None,
        estimate=Estimate(**row.estimate) if row.estimate else None,
        reference=reference if active else None,
        created_at=row.created_at,
    )
