"""One image that is worth a label, and why, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto


class Cause(Enum):
    """What an image is suggested for."""

    TYPICAL = auto()
    HESITANT = auto()
    RARE = auto()
    UNKNOWN = auto()
    CHANCE = auto()


@dataclass(frozen=True)
class Suggestion:
    """An unlabelled image, by its row, that is worth a label.

    like: about how many unlabelled images, with itself, resemble it more than any labelled or
    suggested one, 0 where that was not counted;
    between: the columns of the likeliest classes, the likeliest first, where the cause is about
    them; labels: how many the likeliest has.
    """

    index: int
    cause: Cause
    like: int = 0
    between: tuple[int, ...] = ()
    labels: int = 0

    def reason(self, names: Sequence[str]) -> str:
        """In plain words; `names` are the classes in the order of the answers' columns."""
        match self.cause:
            case Cause.TYPICAL:
                return self._typical()
            case Cause.HESITANT:
                classes = " and ".join(names[column] for column in self.between)
                return f"the classifier hesitates between {classes}"
            case Cause.RARE:
                labels = f"{self.labels} example{'s' * (self.labels != 1)}"
                return f"looks like {names[self.between[0]]}, which has only {labels}"
            case Cause.UNKNOWN:
                return "unlike every class: perhaps one that is not named yet"
            case Cause.CHANCE:
                return "drawn at random"

    def _typical(self) -> str:
        if self.like == 1:
            return "unlike any other image"
        many = f"about {_rounded(self.like)}" if self.like else "many"
        return f"typical of {many} unlabelled images"


def _rounded(count: int) -> str:
    """Two digits of it: more would claim to know."""
    unit = 10 ** max(len(str(count)) - 2, 0)
    return f"{round(count / unit) * unit:,}"
