"""Labels that look wrong: examples that others of their class do not resemble, ranked."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax, softmax

from models.calibration import fit_temperature
from models.classifiers import HeadKind
from models.cross_validation import HeldOut, cross_validate
from models.features import Features, normalise
from models.heads import build_classifier
from models.leave_one_out import Codes, Matrix, leave_one_out
from models.pool_graph import PoolLike

MAX_NEIGHBOURS = 5
# From this cosine on two images are the same one, however often it was saved.
SAME_IMAGE = 0.999
# Similarities of so many examples to all others at once.
ROWS_AT_ONCE = 1000


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
    the pool, computed where it is not passed. Two witnesses that did not see the label are
    heard: the project's own head (the self-confidence of Northcutt et al., "Confident
    Learning", JAIR 2021) and a ridge regression; the score is one minus the probability that
    they give the label. A class's only example is suspect only as the same image under
    another label. Empty with one class.
    """
    features = normalise(X)
    classes, codes = np.unique(np.asarray(y), return_inverse=True)
    if len(classes) < 2:
        return []
    neighbours = _nearest(features, min(MAX_NEIGHBOURS, len(codes) - 1))
    twins = _twins(features, codes, neighbours)
    held_out = held_out or cross_validate(build_classifier(kind), X, y, pool)
    probabilities = _hear(features, codes, held_out)
    found = [
        suspect
        for row in range(len(codes))
        if (suspect := _suspect(row, classes, codes, probabilities[row], neighbours[row], twins))
    ]
    return sorted(found, key=lambda suspect: -suspect.score)


def _hear(features: Features, codes: Codes, held_out: HeldOut | None) -> Matrix:
    """(n, classes) geometric mean of the witnesses; of a class's only example its own class.

    The head was not asked about all of many examples: there the ridge regression speaks alone.
    """
    heard = np.eye(codes.max() + 1)[codes]
    if held_out is None:
        return heard
    said = log_softmax(leave_one_out(features, codes), axis=1)
    temperature = fit_temperature(held_out, float(held_out.logits.std()) or 1.0)
    own = log_softmax(held_out.logits / temperature, axis=1)
    said[held_out.rows] = (said[held_out.rows] + own) / 2
    testable = np.bincount(codes)[codes] > 1
    heard[testable] = softmax(said[testable], axis=1)
    return heard


def _suspect(
    row: int,
    classes: npt.NDArray[np.generic],
    codes: Codes,
    probabilities: Matrix,
    neighbours: Codes,
    twins: Codes,
) -> Suspect | None:
    code, twin = codes[row], twins[row] >= 0
    other = codes[twins[row]] if twin else probabilities.argmax()
    if code == other:
        return None
    given, share = map(float, probabilities[[code, other]])
    return Suspect(
        row,
        # The same image under two labels: one of them is wrong for certain, as like as not this.
        1 - given / 2 if twin else 1 - given,
        str(classes[code]),
        str(classes[other]),
        given,
        share,
        int((codes[neighbours] == other).sum()),
        len(neighbours),
        bool(twin),
    )


def _nearest(features: Features, count: int) -> Codes:
    """(n, count) rows of the most similar other examples, the nearest first."""
    found = []
    for start in range(0, len(features), ROWS_AT_ONCE):
        similarity = features[start : start + ROWS_AT_ONCE] @ features.T
        rows = np.arange(len(similarity))
        similarity[rows, start + rows] = -np.inf
        found.append(np.argsort(-similarity, axis=1, kind="stable")[:, :count])
    return np.concatenate(found)


def _twins(features: Features, codes: Codes, neighbours: Codes) -> Codes:
    """(n,) the row of the same image under another label among the nearest, -1 for none."""
    similarity = np.einsum("nd,nkd->nk", features, features[neighbours])
    same = (similarity > SAME_IMAGE) & (codes[neighbours] != codes[:, None])
    first = neighbours[np.arange(len(codes)), same.argmax(axis=1)]
    return np.where(same.any(axis=1), first, -1)
