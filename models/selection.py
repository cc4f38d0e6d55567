"""What to label next: images that stand for many others, and images the classifier needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from models.features import Features, normalise

Strategy: TypeAlias = Literal["auto", "coverage", "uncertain"]
Indices: TypeAlias = npt.NDArray[np.intp]

# Similarity falls to 1/e at a cosine of 1/2. Of 1, 2, 5 and 10, the first two did best alike.
SHARPNESS = 2.0
# A random part of a large pool stands for all of it: the answer stays within a second.
MAX_REPRESENTED = 3000
MAX_CANDIDATES = 1500
# Share of the pool, the most uncertain first, that uncertain suggestions are chosen from.
SHORTLIST = 0.2


@dataclass(frozen=True)
class Suggestion:
    """An unlabelled image, by its row, and why it is worth a label.

    between: the columns of the two likeliest classes, where the classifier hesitates.
    """

    index: int
    between: tuple[int, int] | None = None

    def reason(self, names: Sequence[str]) -> str:
        """In plain words; `names` are the classes in the order of the probabilities."""
        if self.between is None:
            return "typical of many unlabelled images"
        first, second = self.between
        return f"the classifier hesitates between {names[first]} and {names[second]}"


def suggest(
    unlabelled: npt.ArrayLike,
    labelled: npt.ArrayLike,
    probabilities: npt.NDArray[np.floating] | None,
    count: int,
    strategy: Strategy = "auto",
) -> list[Suggestion]:
    """The `count` images to label next, most useful first; fewer when the pool is smaller.

    unlabelled: (n, d) raw features; labelled: (m, d), m >= 0; probabilities: (n, classes) of
    the unlabelled images, None as long as a class has no label. `coverage` picks images that
    represent many which no labelled one represents. `uncertain` picks in the same way among
    those with the smallest margin between the two likeliest classes, so that a batch holds no
    near-duplicates and no outliers. `auto` covers until every class has a label, and then asks
    where the classifier is uncertain. Deterministic. Raises ValueError for `uncertain` without
    two classes.
    """
    pool = normalise(unlabelled)
    if not len(pool):
        return []
    hesitant = probabilities if strategy != "coverage" and _has_rivals(probabilities) else None
    if hesitant is None:
        if strategy == "uncertain":
            raise ValueError("suggesting uncertain images needs a classifier with two classes")
        return [Suggestion(index) for index in _representative(pool, labelled, count)]
    if len(hesitant) != len(pool):
        raise ValueError(f"{len(pool)} unlabelled images came with {len(hesitant)} probabilities")
    chosen = _uncertain(pool, labelled, hesitant, count)
    return [Suggestion(index, _rivals(hesitant[index])) for index in chosen]


def _representative(pool: Features, labelled: npt.ArrayLike, count: int) -> list[int]:
    candidates = _sample(len(pool), max(count, MAX_CANDIDATES))
    return _cover(pool, labelled, candidates, np.ones(len(candidates)), count)


def _uncertain(
    pool: Features, labelled: npt.ArrayLike, probabilities: npt.NDArray[np.floating], count: int
) -> list[int]:
    margins = _margins(probabilities)
    size = max(count, min(int(SHORTLIST * len(pool)), MAX_CANDIDATES))
    shortlist = np.argsort(margins, kind="stable")[:size]
    return _cover(pool, labelled, shortlist, 1 - margins[shortlist], count)


def _cover(
    pool: Features,
    labelled: npt.ArrayLike,
    candidates: Indices,
    worth: npt.NDArray[np.floating],
    count: int,
) -> list[int]:
    """Greedily the candidates that most increase how well the pool is represented.

    Bae, Noh, Sutherland, "Generalized Coverage for More Robust Low-Budget Active Learning"
    (MaxHerding, ECCV 2024): an image is represented by its nearest labelled or chosen one.
    worth: (candidates,) factors on each candidate's gain.
    """
    represented = _sample(len(pool), MAX_REPRESENTED)
    centre = pool.mean(axis=0)
    targets = _directions(pool[represented], centre)
    represents = _kernel(_directions(pool[candidates], centre), targets)
    covered = _coverage(targets, labelled, centre)
    chosen: list[int] = []
    for _ in range(min(count, len(candidates))):
        gains = worth * (np.maximum(represents, covered) - covered).sum(axis=1)
        gains[chosen] = -np.inf
        best = int(gains.argmax())
        covered = np.maximum(covered, represents[best])
        chosen.append(best)
    return [int(index) for index in candidates[chosen]]


def _coverage(targets: Features, labelled: npt.ArrayLike, centre: Features) -> Features:
    """(targets,) similarity to the nearest labelled image, 0 where there is none."""
    known = np.asarray(labelled)
    if not len(known):
        return np.zeros(len(targets), dtype=np.float32)
    return np.asarray(_kernel(targets, _directions(normalise(known), centre)).max(axis=1))


def _kernel(left: Features, right: Features) -> Features:
    return np.asarray(np.exp(SHARPNESS * (left @ right.T - 1)), dtype=np.float32)


def _directions(features: Features, centre: Features) -> Features:
    shifted = features - centre
    lengths = np.linalg.norm(shifted, axis=1, keepdims=True)
    return np.asarray(shifted / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def _sample(total: int, limit: int) -> Indices:
    if total <= limit:
        return np.arange(total)
    return np.sort(np.random.default_rng(0).choice(total, limit, replace=False))


def _has_rivals(probabilities: npt.NDArray[np.floating] | None) -> bool:
    return probabilities is not None and probabilities.shape[1] > 1


def _margins(probabilities: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """(n,) between the two likeliest classes."""
    top = np.partition(probabilities, -2, axis=1)
    return np.asarray(top[:, -1] - top[:, -2])


def _rivals(probabilities: npt.NDArray[np.floating]) -> tuple[int, int]:
    second, first = np.argsort(probabilities, kind="stable")[-2:]
    return int(first), int(second)
