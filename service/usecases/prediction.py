"""Answers: of the active classifier version, for files at hand and for the pool."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from models.features import Features
from models.fitting import FittedHead
from service.domain.entities import (
    ExplainedPrediction,
    Neighbour,
    Prediction,
    PredictionSummary,
    Rejected,
    Upload,
)
from service.domain.errors import Conflict
from service.storage import classifiers, embeddings, examples, images, projects
from service.storage.pools import Pool
from service.storage.tables import ClassifierRow, ProjectRow
from service.usecases.context import Context
from service.usecases.queries import embed_files
from service.usecases.scores import Answers, Scores, Strangers, score_features

NEIGHBOURS = 5


@dataclass(frozen=True)
class Query:
    """An image to predict; `image_id` is None for a file at hand."""

    filename: str
    image_id: int | None


@dataclass(frozen=True)
class Answerer:
    """The active version with all that an answer needs, from one consistent state."""

    version: ClassifierRow
    head: FittedHead
    pool: Pool
    names: dict[str, str]
    labels: dict[int, str]

    def answer(
        self, images: Sequence[Query], features: Features, *, explain: bool
    ) -> list[Prediction]:
        """Predict images from their raw features (n, dimension), in order."""
        if not images:
            return []
        probabilities = self.head.predict_proba(features)
        unknown = self.head.is_unknown(features)
        neighbours = nearest_examples(self.pool, self.labels, features, NEIGHBOURS)
        rows = zip(images, probabilities, unknown, neighbours, strict=True)
        predictions = [self._prediction(*row) for row in rows]
        return self._explained(predictions, features, probabilities) if explain else predictions

    def _explained(
        self,
        predictions: list[Prediction],
        features: Features,
        probabilities: NDArray[np.float64],
    ) -> list[Prediction]:
        strange = self.head.unknown_score(features)
        sets = class_sets(self.head, probabilities)
        return [
            ExplainedPrediction(
                **vars(prediction),
                set=classes,
                coverage=self.head.coverage,
                unknown_score=float(score),
                note=confidence_note(self.version, self.head),
            )
            for prediction, score, classes in zip(predictions, strange, sets, strict=True)
        ]

    def _prediction(
        self,
        query: Query,
        probabilities: NDArray[np.float64],
        unknown: np.bool_,
        neighbours: list[Neighbour],
    ) -> Prediction:
        classes = [str(name) for name in self.head.classes_]
        best = int(probabilities.argmax())
        return Prediction(
            class_id=classes[best],
            label=self.names.get(classes[best], classes[best]),
            probability=float(probabilities[best]),
            unknown=bool(unknown),
            filename=query.filename,
            image_id=query.image_id,
            scores=dict(zip(classes, map(float, probabilities), strict=True)),
            neighbours=neighbours,
        )


def predict_files(
    context: Context, project_id: str, uploads: Iterable[Upload], *, explain: bool = False
) -> tuple[list[Prediction], list[Rejected], ClassifierRow]:
    """Predict files without keeping them, in order; unusable ones are reported.

    Raises Conflict where the project has no classifier yet, saying what is missing, and
    NoUsableFile where no file is usable.
    """
    answerer = _open(context, project_id)
    names, features, rejected = embed_files(context, answerer.version.encoder_id, uploads)
    queries = [Query(name, None) for name in names]
    answers = answerer.answer(queries, features, explain=explain)
    return answers, rejected, answerer.version


def predict_images(
    context: Context, project_id: str, image_ids: Sequence[int], *, explain: bool = False
) -> tuple[list[Prediction], ClassifierRow]:
    """Predict images of the pool, in order. Raises Conflict where one is not embedded yet."""
    answerer = _open(context, project_id)
    with context.database.read() as session:
        rows = images.require_images(session, project_id, image_ids)
    pool = answerer.pool
    found = pool.rows_of([row.id for row in rows])
    if len(found) < len(rows):
        embedded = set(pool.image_ids[found].tolist())
        waiting = [row.id for row in rows if row.id not in embedded]
        raise Conflict(
            "not-embedded",
            f"{len(waiting)} of the images, the first {waiting[0]}, are not embedded yet: ask "
            "again when GET /images says that none is pending.",
        )
    queries = [Query(row.filename, row.id) for row in rows]
    return answerer.answer(queries, pool.features[found], explain=explain), answerer.version


def pool_scores(context: Context, session: Session, project: ProjectRow) -> Scores | None:
    """What the active version says of the whole pool; None where the project has none."""
    active = active_version(context, session, project)
    return context.scores.get(project.id, *active) if active else None


def pool_strangers(context: Context, session: Session, project: ProjectRow) -> Strangers | None:
    """Which images the active version calls unknown; None where the project has none."""
    active = active_version(context, session, project)
    return context.strangers.get(project.id, *active) if active else None


def summaries(
    context: Context, session: Session, project: ProjectRow, image_ids: Sequence[int]
) -> dict[int, PredictionSummary]:
    """The active version's prediction of each of these images that has one."""
    active = active_version(context, session, project)
    if active is None:
        return {}
    _, pool, head = active
    rows = pool.rows_of(image_ids)
    if not len(rows):
        return {}
    answers = score_features(pool.features[rows], head)
    names = projects.class_names(session, project.id)
    found = enumerate(pool.image_ids[rows].tolist())
    return {image_id: _summary(answers, names, row) for row, image_id in found}


def active_version(
    context: Context, session: Session, project: ProjectRow
) -> tuple[int, Pool, FittedHead] | None:
    """The active version's id, its encoder's pool and its head; None where there is none."""
    if project.active_version is None:
        return None
    version = classifiers.get_version(session, project.id, project.active_version)
    pool = context.pools.get(session, project.id, version.encoder_id)
    return version.id, pool, context.heads.get(version)


def class_sets(head: FittedHead, probabilities: NDArray[np.float64]) -> list[list[str] | None]:
    """The class ids of each prediction set, the likeliest first; None where there are none."""
    members = head.prediction_sets(probabilities)
    if members is None:
        return [None] * len(probabilities)
    ranked = np.argsort(-probabilities, axis=1, kind="stable")
    return [
        [str(head.classes_[column]) for column in order if within[column]]
        for order, within in zip(ranked, members, strict=True)
    ]


def confidence_note(version: ClassifierRow, head: FittedHead) -> str | None:
    """What a version cannot say of its answers, and why; None: nothing."""
    if version.metrics is None:
        return "fitted by an older release, which measured no sets"
    return head.confidence_note


def nearest_examples(
    pool: Pool, labels: dict[int, str], queries: Features, count: int
) -> list[list[Neighbour]]:
    """For each raw feature of (n, dimension) the nearest labelled images, best first."""
    found, similarities = pool.nearest(queries, count, pool.rows_of(list(labels)))
    return [
        [Neighbour(i, labels.get(i), cosine) for i, cosine in zip(ids, cosines, strict=True)]
        for ids, cosines in zip(found.tolist(), similarities.tolist(), strict=True)
    ]


def _open(context: Context, project_id: str) -> Answerer:
    with context.database.read() as session:
        project = projects.get_project(session, project_id)
        if project.active_version is None:
            raise nothing_to_answer_with(session, project)
        version = classifiers.get_version(session, project_id, project.active_version)
        return Answerer(
            version,
            context.heads.get(version),
            context.pools.get(session, project_id, version.encoder_id),
            projects.class_names(session, project_id),
            examples.labels_by_image(session, project_id),
        )


def nothing_to_answer_with(session: Session, project: ProjectRow) -> Conflict:
    """Why the project has no version that answers, and what to do."""
    labelled = examples.count_examples(session, project.id)
    if project.encoder_id is None:
        return Conflict("no-encoder", "The first encoder is still being registered: see GET /jobs.")
    if labelled:
        pending = embeddings.count_pending(session, project.encoder_id, project.id)
        return Conflict(
            "examples-pending",
            f"The {labelled} examples wait for their embedding ({pending} images to go): "
            "ask again in a moment.",
        )
    return Conflict(
        "no-examples",
        f"Project '{project.id}' has no examples yet. Make a class with POST /classes, then add "
        "images of it with POST /classes/{id}/examples.",
    )


def _summary(answers: Answers, names: dict[str, str], row: int) -> PredictionSummary:
    class_id = answers.classes[int(answers.best[row])]
    return PredictionSummary(
        class_id=class_id,
        label=names.get(class_id, class_id),
        probability=float(np.clip(answers.confidence[row], 0, 1)),
        unknown=bool(answers.unknown[row]),
    )
