"""Which of two is better on the same labels."""

from service.domain.errors import Conflict
from service.domain.evaluation import Comparison
from service.usecases.context import Context


def compare_classifiers(context: Context, project_id: str, a: int, b: int) -> Comparison[int]:
    raise Conflict("too-few-labels", f"Project '{project_id}' has too few labels to compare on.")


def compare_encoders(context: Context, project_id: str, a: str, b: str) -> Comparison[str]:
    raise Conflict("too-few-labels", f"Project '{project_id}' has too few labels to compare on.")
