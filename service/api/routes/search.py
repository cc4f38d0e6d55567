"""Search by likeness."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from service.api.dependencies import (
    ContextDep,
    Files,
    ProjectId,
    read_body,
    upload_body,
)
from service.api.finding_schemas import MAX_FOUND, SearchQuery, SearchResults
from service.domain import entities
from service.usecases import searching
from service.usecases.searching import Search

router = APIRouter(tags=["finding"])


async def read_query(request: Request) -> AsyncIterator[Files | SearchQuery]:
    """What to search with: uploaded files (multipart), or a query (JSON)."""
    async for given in read_body(request, SearchQuery):
        yield given


@router.post(
    "/search",
    summary="Find images by likeness: to files, to images of the pool, or to a class",
    description="Files are not kept. With several images the nearest to any of them are found; "
    "with a class, the nearest to the centre of its examples. What is searched with is left out. "
    "No classifier is needed.",
    response_model=SearchResults,
    openapi_extra=upload_body(json=SearchQuery, example={"image_ids": [7]}),
)
def search(
    given: Annotated[Files | SearchQuery, Depends(read_query)],
    context: ContextDep,
    project: ProjectId = "default",
    limit: Annotated[int, Query(ge=1, le=MAX_FOUND)] = 100,
    filter_: Annotated[
        str,
        Query(
            alias="filter",
            description="all, unlabelled, labelled, class:ID or predicted:ID",
            examples=["unlabelled"],
        ),
    ] = "all",
) -> dict[str, Any]:
    wanted, rejected = Search(filter_, limit), list[entities.Rejected]()
    if isinstance(given, Files):
        found, rejected = searching.search_files(context, project, given, wanted)
    elif given.image_ids is not None:
        found = searching.search_images(context, project, given.image_ids, wanted)
    else:
        found = searching.search_class(context, project, str(given.class_id), wanted)
    return {"results": found, "rejected": rejected}
