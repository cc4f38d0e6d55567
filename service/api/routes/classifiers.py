"""Classifier versions and encoders."""

from fastapi import APIRouter

from service.api.dependencies import ContextDep, Limit, ProjectId
from service.api.job_schemas import Job
from service.api.schemas import (
    Classifier,
    ClassifierList,
    Encoder,
    EncoderList,
    EncoderRegister,
    RowId,
)
from service.domain import entities
from service.usecases import classifiers, encoders

router = APIRouter(tags=["classifiers and encoders"])


@router.get("/classifiers", summary="List the versions", response_model=ClassifierList)
def list_classifiers(
    context: ContextDep, project: ProjectId = "default", limit: Limit = 100
) -> dict[str, list[entities.Classifier]]:
    return {"classifiers": classifiers.list_classifiers(context, project, limit)}


@router.get("/classifiers/{version}", summary="One version", response_model=Classifier)
def get_classifier(
    version: RowId, context: ContextDep, project: ProjectId = "default"
) -> entities.Classifier:
    return classifiers.get_classifier(context, project, version)


@router.post(
    "/classifiers/{version}/activate",
    summary="Let this version answer until a label changes",
    response_model=Classifier,
)
def activate(
    version: RowId, context: ContextDep, project: ProjectId = "default"
) -> entities.Classifier:
    return classifiers.activate(context, project, version)


@router.get("/encoders", summary="List the encoders", response_model=EncoderList)
def list_encoders(context: ContextDep, project: ProjectId = "default") -> dict[str, object]:
    listed = encoders.list_project_encoders(context, project)
    return {"encoders": listed, "default_id": listed[0].id if listed else None}


@router.get("/encoders/{encoder_id}", summary="One encoder", response_model=Encoder)
def get_encoder(
    encoder_id: str, context: ContextDep, project: ProjectId = "default"
) -> entities.ProjectEncoder:
    return encoders.get_encoder(context, project, encoder_id)


@router.post(
    "/encoders", status_code=202, summary="Register an encoder by its spec", response_model=Job
)
def register_encoder(body: EncoderRegister, context: ContextDep) -> entities.Job:
    return encoders.request_encoder(context, body.spec)
