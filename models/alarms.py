"""Alarms of a collapse: the loss may fall while the features lose what tells images apart."""

from collections import deque

from models.recipe import Recipe
from models.run_folder import Record

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
    """Watches a run's records, and says once what goes wrong, until it stops and comes back."""

    def __init__(self, recipe: Recipe) -> None:
        possible = min(recipe.prototypes, recipe.batch)
        self._few = max(1, int(FEW_PROTOTYPES * possible))
        self._uniform = UNIFORM_TARGETS / recipe.prototypes
        self._recent: deque[tuple[float, float]] = deque(maxlen=WINDOW)
        self._probes: list[float] = []
        self._said: set[str] = set()

    def look(self, record: Record) -> str | None:
        """The advice that this record, after those before it, gives reason for."""
        if "distinct_prototypes" in record:
            self._recent.append((record["distinct_prototypes"], record["mean_largest_target"]))
        if "knn" in record:
            self._probes.append(record["knn"])
        found = self._signs(record["step"] / record["steps"])
        new, self._said = found - self._said, found
        return "; ".join(sorted(new)) or None

    def _signs(self, progress: float) -> set[str]:
        signs = set()
        if len(self._recent) == WINDOW:
            if all(distinct <= self._few for distinct, _ in self._recent):
                signs.add(FEW)
            if all(largest >= CERTAIN_TARGETS for _, largest in self._recent):
                signs.add(CERTAIN)
            if all(largest <= self._uniform for _, largest in self._recent):
                signs.add(UNIFORM)
        if progress >= PATIENCE and len(self._probes) > 1:
            first, *later = self._probes
            if first < SOLVED and max(later) < first + LEAST_RISE:
                signs.add(STILL)
        return signs
