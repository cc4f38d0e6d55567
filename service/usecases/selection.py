"""What to label next, and why."""

from typing import get_args

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from models import selection
from models.selection import Strategy
from service.domain.entities import Suggestion
from service.domain.errors import Conflict, Invalid
from service.storage import examples, projects
from service.storage.pools import Pool
from service.storage.tables import ProjectRow
from service.usecases.context import Context
from service.usecases.prediction import pool_scores, summaries
from service.usecases.scores import Scores


def suggest(
    context: Context, project_id: str, *, count: int, strategy: Strategy
) -> list[Suggestion]:
    """Unlabelled images that teach the classifier most, each with its reason in words.

    Raises Conflict for the strategy `uncertain` before two classes have examples.
    """
    if strategy not in get_args(Strategy):
        raise Invalid("bad-strategy", f"'{strategy}' is no strategy of this service.")
    with context.database.read() as session:
        project = projects.get_project(session, project_id)
        pool = context.pools.get(session, project_id, project.encoder_id or "")
        scores = _usable_scores(context, session, project, pool)
        labelled = pool.rows_of(list(examples.labels_by_image(session, project_id)))
        names = projects.class_names(session, project_id)
    if strategy == "uncertain" and (scores is None or len(scores.classes) < 2):
        raise Conflict(
            "too-few-classes", "Label images of two classes first: there is nothing to weigh yet."
        )
    picks = _suggest(pool, labelled, scores, names, count, strategy)
    with context.database.read() as session:
        project = projects.get_project(session, project_id)
        predicted = summaries(context, session, project, [image_id for image_id, _ in picks])
    return [Suggestion(image_id, reason, predicted.get(image_id)) for image_id, reason in picks]


def _suggest(
    pool: Pool,
    labelled: NDArray[np.int64],
    scores: Scores | None,
    names: dict[str, str],
    count: int,
    strategy: Strategy,
) -> list[tuple[int, str]]:
    """Image ids, each with its reason in words."""
    open_rows = np.setdiff1d(np.arange(len(pool)), labelled)
    if not len(open_rows):
        return []
    # `auto` covers the pool until every class has a label to be uncertain about.
    weighed = (
        scores
        if scores and (strategy == "uncertain" or set(names) <= set(scores.classes))
        else None
    )
    picks = selection.suggest(
        pool.features[open_rows],
        pool.features[labelled],
        _rivals(weighed, open_rows) if weighed else None,
        count,
        strategy,
    )
    shown = [names.get(name, name) for name in scores.classes] if scores else []
    image_ids = [int(pool.image_ids[open_rows[pick.index]]) for pick in picks]
    return [
        (image_id, _sentence(pick.reason(shown)))
        for image_id, pick in zip(image_ids, picks, strict=True)
    ]


def _rivals(scores: Scores, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """(rows, classes) probabilities of the two likeliest classes alone."""
    found = np.zeros((len(rows), len(scores.classes)), np.float32)
    each = np.arange(len(rows))
    found[each, scores.second[rows]] = scores.confidence[rows] - scores.margin[rows]
    found[each, scores.best[rows]] = scores.confidence[rows]
    return found


def _usable_scores(
    context: Context, session: Session, project: ProjectRow, pool: Pool
) -> Scores | None:
    """The active version's scores, if they are of this very pool."""
    scores = pool_scores(context, session, project)
    return scores if scores is not None and scores.pool is pool else None


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."
