"""Accuracy against the number of labels, and whether more of them are worth the work."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from models.calibration import wilson_interval
from models.classifiers import Head, HeadKind
from models.heads.by_name import build_classifier, prepare_pool
from models.heads.pool_graph import PoolGraph, PoolLike
from models.quality.power_law import Measured, PowerLaw

Indices: TypeAlias = npt.NDArray[np.intp]

MAX_POINTS = 4
MAX_FOLDS = 5
MAX_DRAWS = 10
# Tests, repeated ones included, after which another draw of the labels changes little.
ENOUGH_TESTED = 500
# Images that a head learns from, times classes, beyond which one draw has to do.
LONG_FIT = 500_000
# Labels of random images come unevenly to the classes: they are worth so many even ones.
RANDOM_WORTH = 0.7
# An interval wider than this says nothing.
TOO_WIDE = 0.5
# Below this gain (a share) twice the labels are not worth the work.
WORTH_LABELLING = 0.02


@dataclass(frozen=True)
class CurvePoint:
    """Accuracy, a share with its 95 % interval, of a classifier with `labels` labels in total."""

    labels: int
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True)
class LearningCurve:
    """points: measured, fewest labels first, with Wilson's intervals; none where no class has
    two labels. law: fitted through them; labels: there are now; shots: a class has of them.
    """

    points: tuple[CurvePoint, ...]
    labels: int
    shots: float
    law: PowerLaw | None

    def at(self, labels: float) -> CurvePoint | None:
        """What the law expects of a classifier with `labels` labels in total."""
        if self.law is None:
            return None
        return CurvePoint(round(labels), *self.law.at(self.shots * labels / self.labels))

    @property
    def estimate(self) -> CurvePoint | None:
        """Accuracy on new images with all labels there are.

        Every measured point had fewer of them; the law makes up for it.
        """
        return self.at(self.labels)


def forecast(curve: LearningCurve, extra: int = 10) -> CurvePoint | None:
    """Accuracy to expect after `extra` more labels of random images; None without points."""
    expected = curve.at(curve.labels + RANDOM_WORTH * extra)
    return expected and replace(expected, labels=curve.labels + extra)


def verdict(curve: LearningCurve, extra: int = 10) -> str:
    """In words: label more, enough, or too few labels to say."""
    now, later, doubled = curve.estimate, forecast(curve, extra), curve.at(2 * curve.labels)
    if not (now and later and doubled) or now.high - now.low > TOO_WIDE:
        return "too few labels to say"
    if doubled.accuracy - now.accuracy < WORTH_LABELLING:
        return f"enough: twice the labels would bring about {_points(now, doubled)}"
    return (
        f"label more: {extra} more labels would bring about {_points(now, later)}, "
        f"twice the labels about {_points(now, doubled)}"
    )


def _points(now: CurvePoint, later: CurvePoint) -> str:
    gain = (later.accuracy - now.accuracy) * 100
    return f"{gain:+.1f} points" if gain >= 0.1 else "less than 0.1 points"


def learning_curve(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    kind: HeadKind = "auto",
    pool: PoolLike | None = None,
) -> LearningCurve:
    """Measure heads that saw a part of the labels on the rest of them.

    X: (n, d) raw features; y: (n,) classes; pool: (p, d) raw features of unlabelled images.
    Parts hold the same share of every class, and at least one label of each. Deterministic.
    """
    features, labels = np.asarray(X), np.asarray(y)
    codes = np.unique(labels, return_inverse=True)[1]
    graph = prepare_pool(kind, pool)
    # Fitted once on everything, for what all parts then take over from it.
    head = build_classifier(kind, graph).fit(features, labels, graph)
    counts = np.bincount(codes)
    shots = float(np.median(counts))
    points, measured = [], []
    for share in _shares(counts):
        accuracy, tested, used = _measure(head, features, labels, codes, share, graph)
        interval = wilson_interval(round(accuracy * tested), tested)
        points.append(CurvePoint(used, accuracy, *interval))
        measured.append(Measured(shots * used / len(labels), accuracy, tested))
    return LearningCurve(
        tuple(points), len(labels), shots, PowerLaw.fit(measured) if measured else None
    )


def _shares(counts: Indices) -> list[float]:
    """Shares of the labels to learn from, halved as long as a usual class keeps one."""
    if len(counts) < 2 or counts.max() < 2:
        return []
    usual = float(np.median(counts[counts > 1]))
    folds = min(MAX_FOLDS, int(usual))
    shares = [1 - 1 / folds]
    while len(shares) < MAX_POINTS and shares[-1] / 2 * usual >= 1:
        shares.append(shares[-1] / 2)
    return shares[::-1]


def _measure(
    head: Head,
    features: npt.NDArray[np.generic],
    labels: npt.NDArray[np.generic],
    codes: Indices,
    share: float,
    pool: PoolGraph | None,
) -> tuple[float, int, int]:
    """Accuracy over different held-out examples, how many these are, and labels learned from."""
    tested, right = np.zeros(len(codes)), np.zeros(len(codes))
    used = 0
    images = len(codes) + (0 if pool is None else len(pool.features))
    affordable = max(1, LONG_FIT // (images * (int(codes.max()) + 1)))
    for seen in _draws(codes, share, min(MAX_DRAWS, affordable)):
        held = np.flatnonzero(~seen)
        answers = head.settled().fit(features[seen], labels[seen], pool).predict(features[held])
        tested[held] += 1
        right[held] += answers == labels[held]
        used = int(seen.sum())
    judged = tested > 0
    return float(np.mean(right[judged] / tested[judged])), int(judged.sum()), used


def _draws(codes: Indices, share: float, limit: int) -> Iterator[npt.NDArray[np.bool_]]:
    """Up to `limit` masks (n,) of random parts, each with this share of every class."""
    counts = np.bincount(codes)
    kept = np.clip(np.round(share * counts).astype(int), 1, np.maximum(counts - 1, 1))
    held = int((counts - kept).sum())
    rng = np.random.default_rng(0)
    for _ in range(min(limit, math.ceil(ENOUGH_TESTED / held))):
        order = rng.permutation(len(codes))
        yield _rank_in_class(codes, order) < kept[codes]


def _rank_in_class(codes: Indices, order: Indices) -> Indices:
    """(n,) how many of its class come before each example in this order."""
    by_class = order[np.argsort(codes[order], kind="stable")]
    starts = np.searchsorted(codes[by_class], np.arange(codes.max() + 1))
    ranks = np.empty(len(codes), dtype=np.intp)
    ranks[by_class] = np.arange(len(codes)) - starts[codes[by_class]]
    return ranks
