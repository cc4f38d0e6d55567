"""Alarms of a collapse: the loss may fall while the features lose what tells images apart."""

from collections import deque

from models.pretraining.recipe import Recipe
from models.pretraining.run_folder import Record

WINDOW = 5
# Shares of what is possible; a healthy run is far from each.
FEW_PROTOTYPES = 0.05
CERTAIN_TARGETS = 0.99
UNIFORM_TARGETS = 1.5
# A probe must have risen by this much after this share of the run.
LEAST_RISE = 0.01
PATIENCE = 0.3
SOLVED = 0.95

FEW = (
    "the targets use few distinct prototypes: the representations collapse; raise me_max_weight or "
    "lower the learning rate, and start anew"
)
CERTAIN = (
    "nearly every target is sure of one prototype: the representations collapse; raise "
    "sharpen_temperature or lower the learning rate, and start anew"
)
UNIFORM = (
    "every target is spread over all prototypes alike: the representations collapse; lower the "
    "learning rate or lengthen the warm-up, and start anew"
)
STILL = (
    "the kNN probe is no better than at the start: the features do not learn what the labels say; "
    "check the labels, widen the views' scales, or train on more images"
)


class CollapseAlarms:
    """Watches a run's records, and says once what goes wrong, until it stops and comes back.

    `first_knn`: what the probe said at the run's start, where that was in another process.
    """

    def __init__(self, recipe: Recipe, first_knn: float | None = None) -> None:
        possible = min(recipe.prototypes, recipe.batch)
        self._few = max(1, int(FEW_PROTOTYPES * possible))
        self._uniform = UNIFORM_TARGETS / recipe.prototypes
        self._recent: deque[tuple[float, float]] = deque(maxlen=WINDOW)
        self._first_knn, self._best_knn, self._still = first_knn, 0.0, False
        self._said: set[str] = set()

    def look(self, record: Record) -> str | None:
        """The advice that this record, after those before it, gives reason for."""
        if "distinct_prototypes" in record:
            self._recent.append((record["distinct_prototypes"], record["mean_largest_target"]))
        if "knn" in record:
            self._compare(record["knn"], record["step"] / record["steps"])
        found = self._collapses() | ({STILL} if self._still else set())
        new, self._said = found - self._said, found
        return "; ".join(sorted(new)) or None

    def _collapses(self) -> set[str]:
        if len(self._recent) < WINDOW:
            return set()
        distinct, largest = zip(*self._recent, strict=True)
        signs = {
            FEW: max(distinct) <= self._few,
            CERTAIN: min(largest) >= CERTAIN_TARGETS,
            UNIFORM: max(largest) <= self._uniform,
        }
        return {advice for advice, seen in signs.items() if seen}

    def _compare(self, knn: float, progress: float) -> None:
        """Whether, late enough, no probe was better than the first, where there was room for it."""
        if progress == 0:
            self._first_knn = knn
            return
        self._best_knn = max(self._best_knn, knn)
        first = SOLVED if self._first_knn is None else self._first_knn
        moved = first >= SOLVED or self._best_knn >= first + LEAST_RISE
        self._still = progress >= PATIENCE and not moved
