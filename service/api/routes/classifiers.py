"""Classifier versions and encoders."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Response

from models.portable import Input
from service.api.classifier_schemas import (
    Classifier,
    ClassifierList,
    Encoder,
    EncoderList,
    EncoderRegister,
)
from service.api.dependencies import ContextDep, Limit, ProjectId
from service.api.evaluation_schemas import LabelSnapshot
from service.api.job_schemas import Job
from service.api.schemas import RowId
from service.domain import entities
from service.usecases import classifiers, encoders, exporting
from service.usecases.context import Context

router = APIRouter(tags=["classifiers and encoders"])


def find_version(
    version: RowId, context: ContextDep, project: ProjectId = "default"
) -> tuple[Context, str, int]:
    """Which version a route is about: where, in which project, and its number."""
    return context, project, version


Version = Annotated[tuple[Context, str, int], Depends(find_version)]


@router.get("/classifiers", summary="List the versions", response_model=ClassifierList)
def list_classifiers(
    context: ContextDep, project: ProjectId = "default", limit: Limit = 100
) -> dict[str, list[entities.Classifier]]:
    return {"classifiers": classifiers.list_classifiers(context, project, limit)}


@router.get("/classifiers/{version}", summary="One version", response_model=Classifier)
def get_classifier(version: Version) -> entities.Classifier:
    return classifiers.get_classifier(*version)


@router.post(
    "/classifiers/{version}/activate",
    summary="Let this version answer until a label changes",
    response_model=Classifier,
)
def activate(version: Version) -> entities.Classifier:
    return classifiers.activate(*version)


@router.get(
    "/classifiers/{version}/labels",
    summary="The labels that a version was fitted on",
    response_model=LabelSnapshot,
)
def get_labels(version: Version) -> entities.LabelSnapshot:
    return classifiers.get_labels(*version)


@router.get(
    "/classifiers/{version}/export",
    summary="A version as a file that runs without Handful, or its answers for the pool",
    response_class=Response,
    responses={200: {"content": {kind: {} for kind in exporting.MEDIA_TYPES.values()}}},
)
def export_classifier(
    version: RowId,
    context: ContextDep,
    project: ProjectId = "default",
    layout: Annotated[
        exporting.Layout,
        Query(
            alias="format",
            description="onnx: preprocessing, encoder and head; npz: the head; csv: predictions.",
        ),
    ] = "onnx",
    takes: Annotated[
        Input,
        Query(
            description="With onnx: a `file`'s bytes (needs onnxruntime-extensions), or `pixels`.",
        ),
    ] = "file",
) -> Response:
    content = exporting.export_version(context, project, version, layout, takes)
    filename = quote(f"{project}-version-{version}.{layout}")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{filename}"}
    return Response(content, media_type=exporting.MEDIA_TYPES[layout], headers=headers)


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
