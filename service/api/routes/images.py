"""The pool, predictions and suggestions."""

from collections.abc import Callable
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Header, Query, Response

from service.api.dependencies import (
    ContextDep,
    Cursor,
    FilesOrIds,
    Limit,
    ProjectId,
    UploadedFiles,
    upload_body,
)
from service.api.schemas import (
    Contents,
    Image,
    ImageIds,
    ImagePage,
    ImagesAdded,
    KnownImages,
    NeighbourList,
    Predictions,
    RowId,
    Strategy,
    Suggestions,
)
from service.domain import entities
from service.usecases import pool, prediction, selection
from service.usecases.pool import Listing

router = APIRouter()
IfNoneMatch = Annotated[str | None, Header(include_in_schema=False)]
# Browsers ask whether their copy still holds: another data folder on this address has other images
# under the same ids. Images are compressed already.
KEPT = {"Cache-Control": "private, no-cache", "Content-Encoding": "identity"}
JPEG = b"\xff\xd8\xff"
REFERENCE = {
    "reference_label": {
        "type": "string",
        "description": "The true label, where it is known: used to measure, never to train.",
    }
}


@router.post(
    "/images",
    status_code=201,
    tags=["pool"],
    summary="Add images to the pool",
    response_model=ImagesAdded,
    openapi_extra=upload_body(fields=REFERENCE),
)
def add_images(
    given: UploadedFiles, context: ContextDep, project: ProjectId = "default"
) -> dict[str, Any]:
    files, fields = given
    stored, rejected, job = pool.add_images(context, project, files, fields.get("reference_label"))
    return {"images": stored, "rejected": rejected, "job_id": job and job.id}


@router.get("/images", tags=["pool"], summary="List the pool", response_model=ImagePage)
def list_images(
    context: ContextDep,
    project: ProjectId = "default",
    limit: Limit = 100,
    cursor: Cursor = None,
    filter_: Annotated[
        str,
        Query(
            alias="filter",
            description="all, unlabelled, labelled, uncertain, unknown, near-duplicates, class:ID "
            "or predicted:ID",
            examples=["unlabelled"],
        ),
    ] = "all",
    order: Annotated[
        str | None, Query(description="newest, oldest, uncertain or confident")
    ] = None,
) -> entities.Page[entities.Image]:
    return pool.list_images(context, project, Listing(filter_, order, cursor, limit))


@router.post(
    "/images/known",
    tags=["pool"],
    summary="Which contents are in the pool already, so that they need not be sent",
    response_model=KnownImages,
)
def find_known(
    body: Contents, context: ContextDep, project: ProjectId = "default"
) -> dict[str, Any]:
    known = pool.find_known(context, project, body.sha256s)
    return {"known": [image.sha256 for image in known], "images": known}


@router.get("/images/{image_id}", tags=["pool"], summary="One image", response_model=Image)
def get_image(
    image_id: RowId, context: ContextDep, project: ProjectId = "default"
) -> entities.Image:
    return pool.get_image(context, project, image_id)


@router.delete(
    "/images/{image_id}", tags=["pool"], status_code=204, summary="Take an image out of the pool"
)
def delete_image(image_id: RowId, context: ContextDep, project: ProjectId = "default") -> None:
    pool.delete_image(context, project, image_id)


@router.get(
    "/images/{image_id}/file",
    tags=["pool"],
    summary="An image's original file",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}},
)
def get_file(
    image_id: RowId,
    context: ContextDep,
    project: ProjectId = "default",
    if_none_match: IfNoneMatch = None,
) -> Response:
    filename, sha256 = pool.image_content(context, project, image_id)
    # A type of its own and a sandbox: a file that is also valid HTML must never run as a page.
    headers = {
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(filename)}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    answer = _unless_known(sha256, if_none_match, context.images.image, "application/octet-stream")
    answer.headers.update(headers)
    return answer


@router.get(
    "/images/{image_id}/thumbnail",
    tags=["pool"],
    summary="An image's thumbnail",
    response_class=Response,
    responses={200: {"content": {"image/webp": {}, "image/jpeg": {}}}},
)
def get_thumbnail(
    image_id: RowId,
    context: ContextDep,
    project: ProjectId = "default",
    if_none_match: IfNoneMatch = None,
) -> Response:
    _, sha256 = pool.image_content(context, project, image_id)
    answer = _unless_known(sha256, if_none_match, context.images.thumbnail, "image/webp")
    if bytes(answer.body[:3]) == JPEG:  # a small image is its own thumbnail
        answer.headers["Content-Type"] = "image/jpeg"
    return answer


def _unless_known(
    sha256: str, known: str | None, read: Callable[[str], bytes], media_type: str
) -> Response:
    """The content, or 304 where the caller's copy is of the same."""
    headers = KEPT | {"ETag": f'"{sha256}"'}
    if known == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(read(sha256), media_type=media_type, headers=headers)


@router.get(
    "/images/{image_id}/neighbours",
    tags=["pool"],
    summary="The images most like this one",
    response_model=NeighbourList,
)
def get_neighbours(
    image_id: RowId,
    context: ContextDep,
    project: ProjectId = "default",
    limit: Limit = 12,
    of: Annotated[
        Literal["images", "examples"], Query(description="All images, or labelled ones.")
    ] = "images",
) -> dict[str, list[entities.Neighbour]]:
    found = pool.find_neighbours(
        context, project, image_id, count=limit, examples_only=of == "examples"
    )
    return {"neighbours": found}


@router.post(
    "/predict",
    tags=["predictions"],
    summary="Predict files, which are not kept, or images of the pool",
    response_model=Predictions,
    response_model_exclude_unset=True,
    openapi_extra=upload_body(json=ImageIds),
)
def predict(
    given: FilesOrIds,
    context: ContextDep,
    project: ProjectId = "default",
    explain: Annotated[
        bool, Query(description="Also say how sure it is: the set, its coverage, how unknown.")
    ] = False,
) -> dict[str, Any]:
    rejected: list[entities.Rejected] = []
    if isinstance(given, ImageIds):
        ids = given.image_ids
        predictions, version = prediction.predict_images(context, project, ids, explain=explain)
    else:
        predictions, rejected, version = prediction.predict_files(
            context, project, given, explain=explain
        )
    return {"predictions": predictions, "rejected": rejected, "classifier": version}


@router.get(
    "/suggestions",
    tags=["predictions"],
    summary="What to label next, and why",
    description=(
        "`auto` covers the pool until every class has a label, then asks where the classifier is "
        "least sure. `coverage`: typical of many images; `uncertain`: between two classes; "
        "`balance`: of the classes with the fewest labels; `unknown`: unlike every class; "
        "`errors`: labelled images whose label looks wrong; `random`."
    ),
    response_model=Suggestions,
)
def get_suggestions(
    context: ContextDep,
    project: ProjectId = "default",
    limit: Limit = 24,
    strategy: Strategy = "auto",
) -> dict[str, Any]:
    suggestions = selection.suggest(context, project, count=limit, strategy=strategy)
    return {"suggestions": suggestions, "strategy": strategy}
