"""Labels to a new immutable classifier version, whenever they have changed."""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import Any, cast

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calibration import Estimate
from models.classifiers import HeadKind
from models.features import Features
from models.fitting import FittedHead, fit_head
from service.domain.errors import NotFound
from service.storage import examples
from service.storage.classifiers import dump_head, latest_version
from service.storage.projects import get_project
from service.storage.tables import ClassifierRow, ProjectRow
from service.usecases.context import Context

# Fits of one process take turns: the second finds the first one's version and has nothing to do.
_turn = Lock()


@dataclass(frozen=True)
class FitState:
    """What a version is fitted on: an encoder, a kind of head, and the labels of one moment."""

    encoder_id: str
    kind: HeadKind
    labels_revision: int
    usable: int  # labels whose image is embedded

    def known_to(self, version: ClassifierRow) -> bool:
        """Whether the version was fitted on this state or a later one."""
        fitted_on = (version.labels_revision, sum(version.class_counts.values()))
        return (version.encoder_id, version.kind) == (self.encoder_id, self.kind) and (
            fitted_on >= (self.labels_revision, self.usable)
        )


@dataclass(frozen=True)
class LabelledFeatures:
    """A project's labels at one moment, with the features of those images that have them."""

    state: FitState
    features: Features
    labels: list[str]


def refit(context: Context, project_id: str) -> int | None:
    """Fit and activate a new version, unless the newest one is up to date.

    Returns the version that holds the present labels, or None where no label can be used yet.
    """
    with _turn:
        with context.database.read() as session:
            snapshot = _read_labels(context, session, project_id)
            latest = latest_version(session, project_id)
        if snapshot is None or not snapshot.labels:
            _retire(context, project_id)
            return None
        if latest is not None and snapshot.state.known_to(latest):
            return latest.version
        head = fit_head(snapshot.features, np.array(snapshot.labels), kind=snapshot.state.kind)
        return _keep(context, project_id, snapshot, head)


def catch_up(context: Context) -> None:
    """Fit the projects that a crash left between a change and the version that was to know it."""
    with context.database.read() as session:
        projects = list(session.scalars(select(ProjectRow)))
        behind = [project.id for project in projects if _is_behind(session, project)]
    for project_id in behind:
        with suppress(NotFound):  # deleted in the meantime
            refit(context, project_id)


def _is_behind(session: Session, project: ProjectRow) -> bool:
    if project.encoder_id is None:
        return False
    usable = examples.count_examples(session, project.id, embedded_by=project.encoder_id)
    if usable < examples.count_examples(session, project.id):
        return False  # the job that embeds the others fits them all
    if not usable:
        return project.active_version is not None
    latest = latest_version(session, project.id)
    return latest is None or not _state(project, usable).known_to(latest)


def _state(project: ProjectRow, usable: int) -> FitState:
    kind = cast(HeadKind, project.classifier)
    return FitState(str(project.encoder_id), kind, project.labels_revision, usable)


def _read_labels(context: Context, session: Session, project_id: str) -> LabelledFeatures | None:
    project = get_project(session, project_id)
    if project.encoder_id is None:
        return None
    pool = context.pools.get(session, project_id, project.encoder_id)
    by_image = examples.labels_by_image(session, project_id)
    rows = pool.rows_of(list(by_image))
    labels = [by_image[int(image_id)] for image_id in pool.image_ids[rows]]
    return LabelledFeatures(_state(project, len(labels)), pool.features[rows], labels)


def _keep(
    context: Context, project_id: str, snapshot: LabelledFeatures, head: FittedHead
) -> int | None:
    state = snapshot.state
    with context.database.write() as session:
        project = get_project(session, project_id)
        latest = latest_version(session, project_id)
        if latest is not None and state.known_to(latest):
            return latest.version  # another process was faster
        if (project.encoder_id, project.classifier) != (state.encoder_id, state.kind):
            return project.active_version  # switched in the meantime: whoever did so fits anew
        version = latest.version + 1 if latest else 1
        session.add(_version_row(project_id, version, snapshot, head))
        project.active_version = version
        return version


def _version_row(
    project_id: str, version: int, snapshot: LabelledFeatures, head: FittedHead
) -> ClassifierRow:
    return ClassifierRow(
        project_id=project_id,
        version=version,
        kind=snapshot.state.kind,
        encoder_id=snapshot.state.encoder_id,
        labels_revision=snapshot.state.labels_revision,
        class_counts=dict(Counter(snapshot.labels)),
        estimate=_as_json(head.estimate),
        head=dump_head(head),
    )


def _as_json(estimate: Estimate | None) -> dict[str, Any] | None:
    if estimate is None:
        return None
    return {name: getattr(estimate, name) for name in ("accuracy", "low", "high", "count")}


def _retire(context: Context, project_id: str) -> None:
    """Let no version answer for a project without a usable label."""
    with context.database.write() as session:
        get_project(session, project_id).active_version = None
