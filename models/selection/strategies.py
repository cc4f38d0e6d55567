"""What to label next, by strategies that a user can choose between."""

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

import numpy as np

from models.selection.coverage import cover
from models.selection.space import Space, draw
from models.selection.state import Answers, PoolState, Rows, Weights
from models.selection.suggestion import Cause, Suggestion

Strategy: TypeAlias = Literal["auto", "coverage", "uncertain", "balance", "unknown", "random"]

# Of a cosine, in the likeness of two images: the more labels a class, the nearer an image must be
# to a labelled one to be represented.
SHARPNESS = 4.0
GROWTH = 0.5
# A random part of a larger pool stands for all of it.
MOST = 3000
# Labels whose nearness is looked at: a random part of more.
MOST_LABELLED = 10_000
# The classifier hesitates where the likeliest class leads by less.
HESITATION = 0.5


def suggest(state: PoolState, count: int, strategy: Strategy = "auto") -> list[Suggestion]:
    """At most `count` images to label next, most useful first.

    coverage: images that represent many which no labelled one represents. uncertain: the same,
    where each image counts by how little the likeliest class leads. balance: images that look
    like the classes with the fewest labels. unknown: those that stand for many of which the
    classifier says that they are unlike every class. random: any. auto: coverage as long as
    there are no answers of two classes, then uncertain as far as the answers are confident, where
    what is unlike every class counts most. But for `random`, no two are near-duplicates.

    Deterministic. Raises ValueError for `uncertain`, `balance` and `unknown` without answers of
    two classes.
    """
    if not len(state.unlabelled):
        return []
    if strategy == "auto" and not state.has_rivals:
        strategy = "coverage"
    if strategy in _BY_ANSWERS:
        if state.answers is None or not state.has_rivals:
            raise ValueError(f"suggestions by {strategy!r} need a classifier of two classes")
        return _BY_ANSWERS[strategy](state, state.answers, count)
    return _random(state, count) if strategy == "random" else _coverage(state, count)


def _coverage(state: PoolState, count: int) -> list[Suggestion]:
    size = len(state.unlabelled)
    chosen = _represent(state, np.arange(size), np.ones(size), count)
    scale = (state.total or size) / max(min(size, MOST), 1)
    return [Suggestion(row, Cause.TYPICAL, round(scale * like)) for row, like in chosen]


def _auto(state: PoolState, answers: Answers, count: int) -> list[Suggestion]:
    # Its leads are believed as far as it says to be right: where it mostly errs, coverage is left.
    trust = answers.confidence.mean()
    doubt = np.where(answers.unknown, 1, 1 - trust * answers.margin)
    chosen = _represent(state, np.arange(len(doubt)), doubt, count)
    return [_doubtful(answers, row) for row, _ in chosen]


def _doubtful(answers: Answers, row: int) -> Suggestion:
    if answers.unknown[row]:
        return Suggestion(row, Cause.UNKNOWN)
    if answers.margin[row] < HESITATION:
        return _hesitant(answers, row)
    return Suggestion(row, Cause.TYPICAL)


def _uncertain(state: PoolState, answers: Answers, count: int) -> list[Suggestion]:
    chosen = _represent(state, np.arange(len(answers.margin)), 1 - answers.margin, count)
    return [_hesitant(answers, row) for row, _ in chosen]


def _hesitant(answers: Answers, row: int) -> Suggestion:
    rivals = int(answers.best[row]), int(answers.second[row])
    return Suggestion(row, Cause.HESITANT, between=rivals)


def _balance(state: PoolState, answers: Answers, count: int) -> list[Suggestion]:
    labels, size = state.label_counts, len(state.unlabelled)
    # Together, the images of a class count by the labels it lacks, however many they are.
    found = np.maximum(np.bincount(answers.best, minlength=len(labels)), 1)
    wanted = (labels.max() - labels + 1) / found
    chosen = _represent(state, np.arange(size), wanted[answers.best] * answers.confidence, count)
    return [_lacking(labels, int(answers.best[row]), row) for row, _ in chosen]


def _lacking(labels: Rows, column: int, row: int) -> Suggestion:
    if labels[column] == labels.max():
        return Suggestion(row, Cause.TYPICAL)
    return Suggestion(row, Cause.RARE, between=(column,), labels=int(labels[column]))


def _unknown(state: PoolState, answers: Answers, count: int) -> list[Suggestion]:
    strange = np.flatnonzero(answers.unknown)
    chosen = _represent(state, strange, np.ones(len(strange)), count)
    return [Suggestion(row, Cause.UNKNOWN) for row, _ in chosen]


def _random(state: PoolState, count: int) -> list[Suggestion]:
    size = len(state.unlabelled)
    generator = np.random.default_rng(size)  # others once these are labelled
    chosen = generator.choice(size, min(count, size), replace=False)
    return [Suggestion(int(row), Cause.CHANCE) for row in chosen]


_BY_ANSWERS: Mapping[Strategy, Callable[[PoolState, Answers, int], list[Suggestion]]] = {
    "auto": _auto,
    "uncertain": _uncertain,
    "balance": _balance,
    "unknown": _unknown,
}


def _represent(state: PoolState, rows: Rows, weights: Weights, count: int) -> list[tuple[int, int]]:
    """Those of the rows that stand for the others, by their weights, and for how many each."""
    if not len(rows):
        return []
    drawn = draw(weights, MOST)
    # Who was drawn by weight counts no more than another.
    counted = weights if len(drawn) == len(rows) else np.ones(len(drawn))
    space = Space.of(state.unlabelled[draw(np.ones(len(state.unlabelled)), MOST)])
    near = state.labelled[draw(np.ones(len(state.labelled)), MOST_LABELLED)]
    chosen = cover(
        space.directions(state.unlabelled[rows[drawn]]),
        counted,
        space.directions(near) if len(near) else None,
        _sharpness(state),
        count,
    )
    return [(int(rows[drawn[place]]), like) for place, like in chosen]


def _sharpness(state: PoolState) -> float:
    labels_a_class = len(state.labelled) / max(len(state.label_counts), 1)
    return SHARPNESS * (1 + GROWTH * labels_a_class)
