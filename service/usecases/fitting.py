"""Labels to a new immutable classifier version, whenever they have changed."""

from collections import Counter
from dataclasses import dataclass
from threading import Lock
from typing import Any, cast

import numpy as np
from sqlalchemy.orm import Session

from models.calibration import Estimate
from models.classifiers import HeadKind
from models.features import Features
from models.fitting import FittedHead, fit_head
from service.storage import examples
from service.storage.classifiers import dump_head, latest_version
from service.storage.projects import get_project
from service.storage.tables import ClassifierRow
from service.usecases.context import Context

# Fits of one process take turns: the second finds the first one's version and has nothing to do.
_turn = Lock()


@dataclass(frozen=True)
class LabelledFeatures:
    """A project's labels at one moment, with the features of those images that have them."""

    encoder_id: str
    kind: HeadKind
    labels_revision: int
    features: Features
    labels: list[str]

    @property
    def class_counts(self) -> dict[str, int]:
        """Number of examples by class."""
        return dict(Counter(self.labels))

    def fitted_by(self, version: ClassifierRow) -> bool:
        """Whether the version already knows all of this."""
        return (
            version.encoder_id == self.encoder_id
            and version.kind == self.kind
            and version.labels_revision >= self.labels_revision
            and sum(version.class_counts.values()) >= len(self.labels)
        )


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
        if latest is not None and snapshot.fitted_by(latest):
            return latest.version
        head = fit_head(snapshot.features, np.array(snapshot.labels), kind=snapshot.kind)
        return _keep(context, project_id, snapshot, head)


def _read_labels(context: Context, session: Session, project_id: str) -> LabelledFeatures | None:
    project = get_project(session, project_id)
    if project.encoder_id is None:
        return None
    pool = context.pools.get(session, project_id, project.encoder_id)
    by_image = examples.labels_by_image(session, project_id)
    rows = pool.rows_of(list(by_image))
    labels = [by_image[int(image_id)] for image_id in pool.image_ids[rows]]
    return LabelledFeatures(
        project.encoder_id,
        cast(HeadKind, project.classifier),
        project.labels_revision,
        pool.features[rows],
        labels,
    )


def _keep(context: Context, project_id: str, snapshot: LabelledFeatures, head: FittedHead) -> int:
    with context.database.write() as session:
        project = get_project(session, project_id)
        latest = latest_version(session, project_id)
        if latest is not None and snapshot.fitted_by(latest):
            return latest.version  # another process was faster
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
        kind=snapshot.kind,
        encoder_id=snapshot.encoder_id,
        labels_revision=snapshot.labels_revision,
        class_counts=snapshot.class_counts,
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
