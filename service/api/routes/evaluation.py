"""How good a classifier is on the user's own labels, and which of two is better."""

from typing import Annotated

from fastapi import APIRouter, Query

from service.api.dependencies import ContextDep, ProjectId
from service.api.evaluation_schemas import ClassifierComparison, EncoderComparison, Evaluation
from service.api.schemas import RowId
from service.usecases import comparison, evaluated, evaluation

# Before the routes of classifiers and encoders: to those, `compare` would be an id.
router = APIRouter(tags=["evaluation"])
EncoderId = Annotated[str, Query(max_length=200)]


@router.get(
    "/evaluation",
    summary="The answering version on the labels that it was fitted on",
    description="Every figure is of answers by heads that did not see the answered image.",
    response_model=Evaluation,
)
def get_evaluation(context: ContextDep, project: ProjectId = "default") -> evaluated.Evaluation:
    return evaluation.evaluate(context, project)


@router.get(
    "/classifiers/compare",
    summary="Two versions on the present labels",
    description="In each fold either side is fitted anew on its own labels less the fold's.",
    response_model=ClassifierComparison,
)
def compare_classifiers(
    a: Annotated[RowId, Query()],
    b: Annotated[RowId, Query()],
    context: ContextDep,
    project: ProjectId = "default",
) -> evaluated.Comparison[int]:
    return comparison.compare_classifiers(context, project, a, b)


@router.get(
    "/encoders/compare",
    summary="Two encoders on the present labels",
    description="Of the labelled images, those that both have embedded.",
    response_model=EncoderComparison,
)
def compare_encoders(
    a: EncoderId, b: EncoderId, context: ContextDep, project: ProjectId = "default"
) -> evaluated.Comparison[str]:
    return comparison.compare_encoders(context, project, a, b)
