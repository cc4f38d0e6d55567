"""What to label next: images that stand for many others, and images the classifier needs."""

from models.selection.state import Answers, PoolState
from models.selection.strategies import Strategy, suggest
from models.selection.suggestion import Cause, Suggestion

__all__ = ["Answers", "Cause", "PoolState", "Strategy", "Suggestion", "suggest"]
