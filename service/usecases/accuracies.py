"""How well each encoder does on one project's labels: estimates that stay until a label changes."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

import numpy as np

from models.classifiers import HeadKind
from models.features import Features
from models.fitting import fit_head
from service.domain.entities import Estimate


@dataclass(frozen=True)
class LabelledState:
    """One encoder on the labels of one moment.

    A deleted project's id is free again: when it was made tells two apart.
    """

    project_id: str
    made_at: datetime
    encoder_id: str
    kind: HeadKind
    labels_revision: int


class AccuracyCache:
    """The estimates made last; one is made at a time, since each takes up to seconds."""

    def __init__(self, capacity: int = 256) -> None:
        self._estimates: OrderedDict[LabelledState, Estimate | None] = OrderedDict()
        self._capacity = capacity
        self._lock = Lock()

    def get(self, state: LabelledState, features: Features, labels: list[str]) -> Estimate | None:
        """The estimate that a classifier would carry that is fitted on this.

        `features` (n, dimension) and `labels` (n) are all labelled images of the state.
        """
        with self._lock:
            if state not in self._estimates:
                self._estimates[state] = _estimate(features, labels, state.kind)
            self._estimates.move_to_end(state)
            while len(self._estimates) > self._capacity:
                self._estimates.popitem(last=False)
            return self._estimates[state]


def _estimate(features: Features, labels: list[str], kind: HeadKind) -> Estimate | None:
    measured = fit_head(features, np.array(labels), kind=kind).estimate
    if measured is None:
        return None
    return Estimate(measured.accuracy, measured.low, measured.high, measured.count)
