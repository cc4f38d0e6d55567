"""What to label next, and why."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from models import selection
from models.fitting import FittedHead
from models.selection import Strategy as PoolStrategy
from service.domain.entities import Suggestion
from service.domain.errors import Conflict, Invalid
from service.storage import classifiers, examples, images, projects
from service.storage.tables import ProjectRow
from service.usecases.context import Context
from service.usecases.desk import Desk
from service.usecases.evaluation import evaluate
from service.usecases.prediction import summaries

Strategy = PoolStrategy | Literal["errors"]
STRATEGIES: tuple[str, ...] = (*get_args(PoolStrategy), "errors")
NEED_RIVALS = ("uncertain", "balance", "unknown")


def suggest(
    context: Context, project_id: str, *, count: int, strategy: Strategy
) -> list[Suggestion]:
    """Images that teach the classifier most, each with its reason in words.

    All are unlabelled, but those of the strategy `errors`, whose labels look wrong. Raises
    Conflict for strategies that ask the classifier before two classes have examples.
    """
    if strategy not in STRATEGIES:
        raise Invalid("bad-strategy", f"'{strategy}' is no strategy of this service.")
    if strategy == "errors":
        return _relabel(context, project_id, count)
    with context.database.read() as session:
        project = projects.get_project(session, project_id)
        pool = context.pools.get(session, project_id, project.encoder_id or "")
        head = _usable_head(context, session, project)
        labels = examples.labels_by_image(session, project_id)
        names = projects.class_names(session, project_id)
    if strategy in NEED_RIVALS and (head is None or len(head.classes_) < 2):
        raise Conflict(
            "too-few-classes", "Label images of two classes first: there is nothing to weigh yet."
        )
    desk = Desk.of(pool.features, pool.rows_of(list(labels)))
    believed = head if strategy in NEED_RIVALS or _knows_all(head, names, strategy) else None
    state = desk.state(believed, _label_counts(believed, labels))
    picks = selection.suggest(state, count, strategy)
    shown = [names.get(name, name) for name in head.classes_.tolist()] if head else []
    chosen = [int(pool.image_ids[desk.rows[pick.index]]) for pick in picks]
    found = [
        (image_id, None, pick.reason(shown)) for image_id, pick in zip(chosen, picks, strict=True)
    ]
    return _described(context, project_id, found)


def _knows_all(head: FittedHead | None, names: dict[str, str], strategy: Strategy) -> bool:
    """`auto` covers the pool until every class has a label to be uncertain about."""
    return strategy == "auto" and head is not None and set(names) <= set(head.classes_.tolist())


def _label_counts(head: FittedHead | None, labels: dict[int, str]) -> NDArray[np.intp]:
    """Labels of each of the head's classes, or of each class that has any."""
    counts = Counter(labels.values())
    classes = head.classes_.tolist() if head else list(counts)
    return np.array([counts[name] for name in classes], dtype=np.intp)


def _relabel(context: Context, project_id: str, count: int) -> list[Suggestion]:
    """Labelled images whose label looks wrong, each with the class that it looks like."""
    with context.database.read() as session:
        names = projects.class_names(session, project_id)
    suspects = evaluate(context, project_id).suspects[:count]
    found = [
        (
            each.image_id,
            each.class_id,
            f"labelled {names.get(each.class_id, each.class_id)}, but {each.reason}",
        )
        for each in suspects
    ]
    return _described(context, project_id, found)


def _described(
    context: Context, project_id: str, found: Sequence[tuple[int, str | None, str]]
) -> list[Suggestion]:
    """Of images, their labels and reasons; those that were deleted meanwhile are left out."""
    image_ids = [image_id for image_id, _, _ in found]
    with context.database.read() as session:
        project = projects.get_project(session, project_id)
        listed = images.images_by_id(session, project_id, project.encoder_id, image_ids)
        predicted = summaries(context, session, project, image_ids)
    names = {row.id: row.filename for row, _, _ in listed}
    return [
        Suggestion(image_id, names[image_id], class_id, _sentence(reason), predicted.get(image_id))
        for image_id, class_id, reason in found
        if image_id in names
    ]


def _usable_head(context: Context, session: Session, project: ProjectRow) -> FittedHead | None:
    """The active version's head, if it is of the project's present encoder."""
    if project.active_version is None:
        return None
    version = classifiers.get_version(session, project.id, project.active_version)
    return context.heads.get(version) if version.encoder_id == project.encoder_id else None


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."
