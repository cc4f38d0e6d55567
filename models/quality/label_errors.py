"""Labels that look wrong: examples that others of their class do not resemble, ranked."""

from collections.abc import Mapping
from dataclasses import dataclass

import faiss
import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from models.calibration import fit_temperature
from models.classifiers import HeadKind
from models.features import Features, normalise
from models.heads.by_name import build_classifier, prepare_pool
from models.heads.pool_graph import PoolLike
from models.quality.cross_validation import HeldOut, cross_validate
from models.quality.leave_one_out import Codes, Matrix, leave_one_out

# Ridge regressions between one that follows single examples and one that compares centroids:
# together they find more than the best of them.
SHRINKAGES = (0.3, 30.0)
# How far a hard class, whose labels are all given little, excuses each of them: 0 not, 1 wholly.
EXCUSE = 0.5
MAX_NEIGHBOURS = 5
# Two examples so near, as a share of the mean squared distance between any two, are one image.
# Saved anew as JPEG at quality 75, or at half the size, it stays below this; different images are
# three times as far. A cosine alone would not do: those of all digits are above 0.999.
SAME_IMAGE = 0.01
ROUNDING = 1e-6


@dataclass(frozen=True)
class Suspect:
    """A label that may be wrong.

    row: of the example; score: in [0, 1], higher is more suspect; label, suggested: the class
    it has and the one that it looks like; given, share: their probabilities by heads that did
    not see it; agreeing: how many of its nearest `neighbours` are of the suggested class;
    twin: one of these is the same image.
    """

    row: int
    score: float
    label: str
    suggested: str
    given: float
    share: float
    agreeing: int
    neighbours: int
    twin: bool

    def reason(self, names: Mapping[str, str]) -> str:
        """In plain words; `names` gives the class of each label as people call it."""
        label, suggested = names[self.label], names[self.suggested]
        if self.twin:
            return f"almost the same image is labelled {suggested}"
        said = (
            f"the other labels say {suggested} with {self.share:.0%}, {label} with {self.given:.0%}"
        )
        if not self.agreeing:
            return said
        near = f"{self.agreeing} of the {self.neighbours} most similar labelled images"
        return f"{near} are {suggested}; {said}"


def rank_label_errors(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    kind: HeadKind = "auto",
    pool: PoolLike | None = None,
    held_out: HeldOut | None = None,
) -> list[Suspect]:
    """The examples that look like another class than theirs, most suspect first.

    X: (n, d) raw features; y: (n,) classes; held_out: what `cross_validate` gave for them and
    the pool, computed where it is not passed. Witnesses that did not see the label are heard:
    the project's own head and ridge regressions. The less probability they give the label,
    beside what they give the labels of its class, the more suspect it is (Northcutt et al.,
    "Confident Learning", JAIR 2021). A class's only example is suspect only as the same image
    under another label. Empty with one class.
    """
    features = normalise(X)
    classes, codes = np.unique(np.asarray(y), return_inverse=True)
    if len(classes) < 2:
        return []
    probabilities = _hear(features, codes, held_out or _held_out(X, y, kind, pool))
    neighbours = _nearest(features, min(MAX_NEIGHBOURS, len(codes) - 1))
    twins = _twins(features, codes, neighbours)
    likeliest = probabilities.argmax(axis=1)
    others = np.where(twins < 0, likeliest, codes[twins])
    scores = _scores(probabilities, codes)
    # The same image under two labels: one of them is wrong for certain, as like as not this.
    scores = np.where(twins < 0, scores, (1 + scores) / 2)
    found = np.flatnonzero(others != codes)
    return [
        Suspect(
            int(row),
            float(scores[row]),
            str(classes[codes[row]]),
            str(classes[others[row]]),
            float(probabilities[row, codes[row]]),
            float(probabilities[row, others[row]]),
            int((codes[neighbours[row]] == others[row]).sum()),
            len(neighbours[row]),
            bool(twins[row] >= 0),
        )
        for row in found[np.argsort(-scores[found], kind="stable")]
    ]


def _held_out(
    X: npt.ArrayLike, y: npt.ArrayLike, kind: HeadKind, pool: PoolLike | None
) -> HeldOut | None:
    graph = prepare_pool(kind, pool)
    return cross_validate(build_classifier(kind, graph), X, y, graph)


def _hear(features: Features, codes: Codes, held_out: HeldOut | None) -> Matrix:
    """(n, classes) geometric mean of the witnesses; of a class's only example its own class.

    The head was not asked about all of many examples: there the regressions speak alone.
    """
    heard = np.eye(codes.max() + 1)[codes]
    if held_out is None:
        return heard
    said = np.mean([_log(leave_one_out(features, codes, each)) for each in SHRINKAGES], axis=0)
    temperature = fit_temperature(held_out, float(held_out.logits.std()) or 1.0)
    own = _log(softmax(held_out.logits / temperature, axis=1))
    voices = len(SHRINKAGES)
    said[held_out.rows] = (voices * said[held_out.rows] + own) / (voices + 1)
    testable = np.bincount(codes)[codes] > 1
    heard[testable] = softmax(said[testable], axis=1)
    return heard


def _scores(probabilities: Matrix, codes: Codes) -> Matrix:
    """(n,) in [0, 1]: how little each label is given beside the others of its class."""
    given = probabilities[np.arange(len(codes)), codes]
    usual = np.bincount(codes, given) / np.bincount(codes)
    return np.asarray(1 / (1 + given / usual[codes] ** EXCUSE))


def _log(probabilities: Matrix) -> Matrix:
    return np.asarray(np.log(np.maximum(probabilities, np.finfo(np.float32).tiny)))


def _nearest(features: Features, count: int) -> Codes:
    """(n, count) rows of the most similar other examples, the nearest first."""
    index = faiss.IndexFlatIP(features.shape[1])
    index.add(features)
    found = index.search(features, count + 1)[1]
    # An example may come after its copies, or not at all: then the farthest is left out instead.
    own = found == np.arange(len(features))[:, None]
    own[~own.any(axis=1), -1] = True
    return np.asarray(found[~own].reshape(len(features), count))


def _twins(features: Features, codes: Codes, neighbours: Codes) -> Codes:
    """(n,) the row of the same image under another label among the nearest, -1 for none."""
    distances = 2 - 2 * np.einsum("nd,nkd->nk", features, features[neighbours])
    usual = 2 * features.var(axis=0, dtype=np.float64).sum()
    near = distances <= max(SAME_IMAGE * usual, ROUNDING)
    same = near & (codes[neighbours] != codes[:, None])
    first = neighbours[np.arange(len(codes)), same.argmax(axis=1)]
    return np.where(same.any(axis=1), first, -1)
