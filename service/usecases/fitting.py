"""Labels and pool to a new immutable classifier version, whenever they have changed enough."""

from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import asdict, dataclass
from threading import Lock
from time import perf_counter
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calibration import Estimate
from models.classifiers import HeadKind
from models.fitting import FittedHead, fit_head
from service.domain.entities import ClassifierMetrics
from service.domain.errors import NotFound
from service.storage import examples
from service.storage.classifiers import dump_head, dump_labels, latest_version
from service.storage.projects import get_project
from service.storage.tables import ClassifierRow, ProjectRow
from service.usecases.context import Context
from service.usecases.labelled_pool import LabelledPool, divide_pool

# Fits of a project take turns: the second finds the first one's version and has nothing to do.
_turns: defaultdict[str, Lock] = defaultdict(Lock)
# A pool that has grown by half since the newest version, and not by a few images alone, makes
# another one worth its fit.
POOL_GROWTH = 1.5
FEW_IMAGES = 20


@dataclass(frozen=True)
class FitState:
    """What a version is fitted on: an encoder, a kind of head, labels and a pool of one moment."""

    encoder_id: str
    kind: HeadKind
    labels_revision: int
    usable: int  # labels whose image is embedded
    unlabelled: int = 0  # embedded images without a label, for kinds that learn from them

    def known_to(self, version: ClassifierRow) -> bool:
        """Whether the version was fitted on these labels or later ones."""
        fitted_on = (version.labels_revision, sum(version.class_counts.values()))
        return (version.encoder_id, version.kind) == (self.encoder_id, self.kind) and (
            fitted_on >= (self.labels_revision, self.usable)
        )

    def outgrows(self, version: ClassifierRow) -> bool:
        """Whether the pool alone is reason for another version."""
        return self.unlabelled > POOL_GROWTH * version.pool_size + FEW_IMAGES


@dataclass(frozen=True)
class Snapshot:
    """A project's labels and pool at one moment, and the version that knows them, if one does."""

    state: FitState
    content: LabelledPool
    known_as: int | None


def refit(context: Context, project_id: str) -> int | None:
    """Fit and activate a new version, unless the newest one is up to date.

    Returns the version that holds the present labels, or None where no label can be used yet.
    """
    with _turns[project_id]:
        with context.database.read() as session:
            snapshot = _read_snapshot(context, session, project_id)
        if snapshot is None or not snapshot.state.usable:
            _retire(context, project_id)
            return None
        if snapshot.known_as is not None:
            return snapshot.known_as
        return _keep(context, project_id, snapshot, _fit(snapshot))


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
    usable = _count_usable(session, project)
    if usable < examples.count_examples(session, project.id):
        return False  # the job that embeds the others fits them all
    if not usable:
        return project.active_version is not None
    return _known_as(session, project, _state(project, usable)) is None


def _count_usable(session: Session, project: ProjectRow) -> int:
    """Number of labels whose image is embedded."""
    if project.encoder_id is None:
        return 0
    return examples.count_examples(session, project.id, embedded_by=project.encoder_id)


def _state(project: ProjectRow, usable: int, unlabelled: int = 0) -> FitState:
    kind = cast(HeadKind, project.classifier)
    revision = project.labels_revision
    return FitState(str(project.encoder_id), kind, revision, usable, unlabelled)


def _read_snapshot(context: Context, session: Session, project_id: str) -> Snapshot | None:
    project = get_project(session, project_id)
    if project.encoder_id is None:
        return None
    labels = examples.labels_by_image(session, project_id)
    kind = cast(HeadKind, project.classifier)
    pool = context.pools.get(session, project_id, project.encoder_id)
    content = divide_pool(pool, labels, kind)
    state = _state(project, len(content.labels), content.unlabelled_count)
    return Snapshot(state, content, _known_as(session, project, state))


def _known_as(session: Session, project: ProjectRow, state: FitState) -> int | None:
    """The newest version, unless another one is due; labels alone undo a rollback."""
    latest = latest_version(session, project.id)
    if latest is None or not state.known_to(latest):
        return None
    behind = state.outgrows(latest) or latest.metrics is None  # of a release that kept no labels
    return None if behind and project.active_version == latest.version else latest.version


@dataclass(frozen=True)
class _Fitted:
    head: FittedHead
    seconds: float


def _fit(snapshot: Snapshot) -> _Fitted:
    content = snapshot.content
    start = perf_counter()
    head = fit_head(
        content.features, content.labels, kind=snapshot.state.kind, pool=content.unlabelled
    )
    return _Fitted(head, perf_counter() - start)


def _keep(context: Context, project_id: str, snapshot: Snapshot, fitted: _Fitted) -> int | None:
    state = snapshot.state
    with context.database.write() as session:
        project = get_project(session, project_id)
        if (known_as := _known_as(session, project, state)) is not None:
            return known_as  # another process was faster
        if (project.encoder_id, project.classifier) != (state.encoder_id, state.kind):
            return project.active_version  # switched in the meantime: whoever did so fits anew
        if not _count_usable(session, project):
            return None  # the last label was taken back in the meantime
        latest = latest_version(session, project_id)
        version = latest.version + 1 if latest else 1
        session.add(_version_row(project_id, version, snapshot, fitted))
        project.active_version = version
        return version


def _version_row(
    project_id: str, version: int, snapshot: Snapshot, fitted: _Fitted
) -> ClassifierRow:
    content = snapshot.content
    labels = content.labels.tolist()
    return ClassifierRow(
        project_id=project_id,
        version=version,
        kind=snapshot.state.kind,
        encoder_id=snapshot.state.encoder_id,
        labels_revision=snapshot.state.labels_revision,
        class_counts=dict(Counter(labels)),
        estimate=_as_json(fitted.head.estimate),
        metrics=asdict(_metrics(fitted)),
        pool_size=content.unlabelled_count,
        head=dump_head(fitted.head),
        labels=dump_labels(zip(content.image_ids.tolist(), labels, strict=True)),
    )


def _metrics(fitted: _Fitted) -> ClassifierMetrics:
    head = fitted.head
    return ClassifierMetrics(
        head=head.kind,
        fit_seconds=fitted.seconds,
        coverage=head.coverage,
        note=head.confidence_note,
    )


def _as_json(estimate: Estimate | None) -> dict[str, Any] | None:
    if estimate is None:
        return None
    return {name: getattr(estimate, name) for name in ("accuracy", "low", "high", "count")}


def _retire(context: Context, project_id: str) -> None:
    """Let no version answer for a project without a usable label."""
    with context.database.write() as session:
        project = get_project(session, project_id)
        if not _count_usable(session, project):  # one that came since has its version already
            project.active_version = None
