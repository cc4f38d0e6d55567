"""The map of a project's images."""

import gzip
from typing import Annotated

from fastapi import APIRouter, Header, Response

from service.api.dependencies import ContextDep, ProjectId
from service.api.finding_schemas import PoolMap
from service.usecases import mapping

router = APIRouter(tags=["finding"])
IfNoneMatch = Annotated[str | None, Header(include_in_schema=False)]
AcceptEncoding = Annotated[str, Header(include_in_schema=False)]


@router.get(
    "/map",
    summary="Every image's place on a plane, where alike lie together",
    description='Made by `POST /jobs {"kind": "map", "payload": {}}`; a 404 problem `no-map` '
    "before that. The ETag changes with labels, predictions and images.",
    response_model=PoolMap,
)
def get_map(
    context: ContextDep,
    project: ProjectId = "default",
    if_none_match: IfNoneMatch = None,
    accept_encoding: AcceptEncoding = "",
) -> Response:
    state = mapping.find_map(context, project)
    headers = {"ETag": state.etag, "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}
    if if_none_match == state.etag:
        return Response(status_code=304, headers=headers)
    # Compressed here, in a thread and once: in the event loop it would hold all requests up.
    body = mapping.zipped_map(context, state)
    headers["Content-Encoding"] = "gzip"
    if "gzip" not in accept_encoding:
        body, headers["Content-Encoding"] = gzip.decompress(body), "identity"
    return Response(body, 200, headers, "application/json")
