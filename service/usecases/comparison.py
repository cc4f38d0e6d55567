"""Which of two versions or encoders is better: both answer the same labelled images, unseen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from models.classifiers import Head, HeadKind
from models.features import Features
from models.heads.by_name import build_classifier, prepare_pool
from models.heads.pool_graph import PoolGraph
from models.quality import comparison
from models.quality.cross_validation import held_out_parts
from service.domain.errors import Conflict
from service.storage import classifiers, encoders, examples, projects
from service.storage.pools import Pool
from service.usecases.context import Context
from service.usecases.evaluated import Comparison, Disagreement
from service.usecases.labelled_pool import LabelledPool, divide_pool

Name = TypeVar("Name", int, str)
Answers = NDArray[np.object_]  # class ids; None where a side knows no label


@dataclass(frozen=True)
class Side:
    """What learns: a kind of head on an encoder's features, from labels (class by image)."""

    name: str
    kind: HeadKind
    pool: Pool
    labels: dict[int, str]


@dataclass(frozen=True)
class Judged:
    """The images that both sides answer: image_ids (n,), ascending, and their labels (n,)."""

    image_ids: NDArray[np.int64]
    labels: NDArray[np.str_]


def compare_classifiers(context: Context, project_id: str, a: int, b: int) -> Comparison[int]:
    """Two versions on the present labels, each taught anew by its own labels less those asked.

    Raises NotFound; Conflict where a version kept no labels, or too few are there to compare on.
    """
    with context.database.read() as session:
        project = projects.get_project(session, project_id)
        rows = [classifiers.get_version(session, project_id, version) for version in (a, b)]
        sides = [
            Side(
                f"version {row.version}",
                cast(HeadKind, row.kind),
                context.pools.get(session, project_id, row.encoder_id),
                classifiers.load_labels(row),
            )
            for row in rows
        ]
        judged = _common(session, project_id, sides)
    key = (rows[0].id, rows[1].id, project.labels_revision, len(judged.image_ids))
    return context.comparisons.get(key, lambda: _compare(a, b, sides, judged))


def compare_encoders(context: Context, project_id: str, a: str, b: str) -> Comparison[str]:
    """Two encoders under the project's kind of head, on the labels that both have embedded.

    Raises NotFound; Conflict where too few labels are there to compare on.
    """
    with context.database.read() as session:
        project = projects.get_project(session, project_id)
        kind = cast(HeadKind, project.classifier)
        labels = examples.labels_by_image(session, project_id)
        ids = [encoders.get_encoder(session, encoder_id).id for encoder_id in (a, b)]
        pools = [context.pools.get(session, project_id, encoder_id) for encoder_id in ids]
        known = _known_to_all(pools, sorted(labels))
        both = {image_id: labels[image_id] for image_id in known}
        sides = [Side(pool.encoder_id, kind, pool, both) for pool in pools]
        judged = _common(session, project_id, sides)
    state = (project.created_at, project.labels_revision, len(judged.image_ids))
    key = (project_id, a, b, kind, *state)
    return context.comparisons.get(key, lambda: _compare(a, b, sides, judged))


def _common(session: Session, project_id: str, sides: Sequence[Side]) -> Judged:
    """The present labels of images that both sides' encoders have embedded."""
    labels = examples.labels_by_image(session, project_id)
    image_ids = _known_to_all([side.pool for side in sides], sorted(labels))
    return Judged(
        np.array(image_ids, np.int64), np.array([labels[i] for i in image_ids], dtype=np.str_)
    )


def _known_to_all(pools: Sequence[Pool], image_ids: list[int]) -> list[int]:
    """Those of the images that every pool's encoder has embedded, in the order given."""
    for pool in pools:
        image_ids = pool.image_ids[pool.rows_of(image_ids)].tolist()
    return image_ids


def _compare(a: Name, b: Name, sides: Sequence[Side], judged: Judged) -> Comparison[Name]:
    parts = held_out_parts(np.unique(judged.labels, return_inverse=True)[1])
    if not parts:
        raise Conflict(
            "too-few-labels",
            f"There is nothing to compare on: of {len(judged.labels)} labelled images that both "
            "can answer no two are of the same class. Label more, or wait until all are embedded.",
        )
    tested = np.concatenate(parts)
    answers_a, answers_b = (_answers(side, judged, parts) for side in sides)
    truth = judged.labels[tested]
    found = comparison.compare(answers_a == truth, answers_b == truth)
    differing = zip(judged.image_ids[tested].tolist(), truth, answers_a, answers_b, strict=True)
    return Comparison(
        a=a,
        b=b,
        count=found.count,
        accuracy_a=found.accuracy_a,
        accuracy_b=found.accuracy_b,
        difference=found.difference,
        low=found.low,
        high=found.high,
        p=found.p,
        verdict=found.verdict(sides[0].name, sides[1].name),
        disagreements=[
            Disagreement(image_id, str(label), first, second)
            for image_id, label, first, second in differing
            if first != second
        ],
    )


def _answers(side: Side, judged: Judged, parts: Sequence[NDArray[np.intp]]) -> Answers:
    """The class ids that the side gives the images of each part, after learning from the rest."""
    image_ids = judged.image_ids.tolist()
    known = divide_pool(side.pool, side.labels, side.kind, besides=image_ids)
    if not len(known.labels):
        return np.full(sum(map(len, parts)), None)
    features = side.pool.features[side.pool.rows_of(image_ids)]
    pool = prepare_pool(side.kind, known.unlabelled)
    head = build_classifier(side.kind, pool).fit(known.features, known.labels, pool)
    return np.concatenate(
        [
            _taught_without(judged.image_ids[part], head.settled(), known, pool, features[part])
            for part in parts
        ]
    )


def _taught_without(
    asked: NDArray[np.int64],
    head: Head,
    known: LabelledPool,
    pool: PoolGraph | None,
    features: Features,
) -> Answers:
    seen = ~np.isin(known.image_ids, asked)
    if not seen.any():
        return np.full(len(asked), None)
    head.fit(known.features[seen], known.labels[seen], pool)
    return np.asarray(head.predict(features).astype(object))
