"""A user who labels what is suggested, batch by batch, and the accuracy on the way."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from models.fitting import FittedHead, fit_head
from models.heads.by_name import build_classifier, prepare_pool
from models.low_shot.embedded_images import EmbeddedImages
from models.selection import PoolState, Strategy, suggest
from service.usecases.scores import score_many
from tests.benchmarks.typiclust import typiclust

Rows: TypeAlias = npt.NDArray[np.intp]

# Labels a class, on average, at which the accuracy is measured.
BUDGETS = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
# Of the images; the others are the pool.
TESTED = 0.25
# What the page asks for at once.
BATCH = 30


@dataclass(frozen=True)
class Labelling:
    """One draw: accuracies at each of the budgets, in the order of `BUDGETS`."""

    data: str
    strategy: str
    draw: int
    accuracies: tuple[float, ...]


@dataclass(frozen=True)
class Desk:
    """The pool, the rows labelled so far, in order, and the head fitted on them, if any is."""

    features: npt.NDArray[np.float32]
    labels: npt.NDArray[np.str_]
    labelled: Rows
    seed: int

    @property
    def unlabelled(self) -> Rows:
        return np.setdiff1d(np.arange(len(self.labels)), self.labelled)

    def head(self) -> FittedHead | None:
        """What the service would answer with."""
        if not len(self.labelled):
            return None
        seen, pool = self.labelled, self.features[self.unlabelled]
        return fit_head(self.features[seen], self.labels[seen], pool=pool)

    def accuracy(self, count: int, tests: EmbeddedImages) -> float:
        """Of the head of the first `count` labels; calibration would change no answer."""
        seen = self.labelled[:count]
        others = np.setdiff1d(np.arange(len(self.labels)), seen)
        graph = prepare_pool("auto", self.features[others])
        head = build_classifier("auto", graph)
        head.fit(self.features[seen], self.labels[seen], graph)
        return float(np.mean(head.predict(tests.features) == tests.labels))


# The rows of so many images to label next.
Choose: TypeAlias = Callable[[Desk, int], Rows]


def choose_random(desk: Desk, count: int) -> Rows:
    """Uniformly, without a look at the classes."""
    generator = np.random.default_rng([desk.seed, len(desk.labelled)])
    return generator.choice(desk.unlabelled, min(count, len(desk.unlabelled)), replace=False)


def choose_least_margin(desk: Desk, count: int) -> Rows:
    """Plain uncertainty: the least lead of the likeliest class; random before the first label."""
    head, rows = desk.head(), desk.unlabelled
    if head is None or len(head.classes_) < 2:
        return choose_random(desk, count)
    margins = score_many(desk.features[rows], head).margin
    return rows[np.argsort(margins, kind="stable")[:count]]


def choose_typical(desk: Desk, count: int) -> Rows:
    rows = desk.unlabelled
    features = desk.features
    return rows[typiclust(features[rows], features[desk.labelled], count, desk.seed)]


def by_strategy(strategy: Strategy) -> Choose:
    """As the service suggests, where the user has named each class that appeared so far."""

    def choose(desk: Desk, count: int) -> Rows:
        head, rows = desk.head(), desk.unlabelled
        state = PoolState(
            desk.features[rows],
            desk.features[desk.labelled],
            score_many(desk.features[rows], head) if head else None,
            np.unique(desk.labels[desk.labelled], return_counts=True)[1],
        )
        picked = [each.index for each in suggest(state, count, strategy)]
        return rows[picked] if picked else choose_random(desk, count)

    return choose


STRATEGIES: Mapping[str, Choose] = {
    "random": choose_random,
    "least margin": choose_least_margin,
    "TypiClust": choose_typical,
    "coverage": by_strategy("coverage"),
    "auto": by_strategy("auto"),
}


def label(
    name: str, images: EmbeddedImages, strategies: Mapping[str, Choose], draws: int, batch: int
) -> Iterator[Labelling]:
    """Each strategy on the same draws of a pool and tests."""
    for draw in range(draws):
        order = np.random.default_rng(draw).permutation(len(images))
        pool, tests = np.split(order, [round(len(order) * (1 - TESTED))])
        held_out = EmbeddedImages(images.features[tests], images.labels[tests], images.names[tests])
        budgets = [round(each * len(np.unique(images.labels))) for each in BUDGETS]
        for strategy, choose in strategies.items():
            desk = Desk(images.features[pool], images.labels[pool], np.array([], np.intp), draw)
            while len(desk.labelled) < budgets[-1]:
                chosen = np.append(desk.labelled, choose(desk, batch))
                desk = Desk(desk.features, desk.labels, chosen, draw)
            accuracies = tuple(desk.accuracy(budget, held_out) for budget in budgets)
            yield Labelling(name, strategy, draw, accuracies)
