"""How good the answering version is on its own labels."""

from service.domain.errors import Conflict
from service.domain.evaluation import Evaluation
from service.usecases.context import Context


def evaluate(context: Context, project_id: str) -> Evaluation:
    raise Conflict("no-examples", f"Project '{project_id}' has no classifier to evaluate yet.")
