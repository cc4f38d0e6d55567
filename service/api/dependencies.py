"""What routes ask for: the context, the project, and the two shapes that images arrive in."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeVar, cast

from fastapi import Depends, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from service.api.schemas import ImageIds, Message
from service.domain.entities import Upload
from service.domain.errors import Invalid, TooLarge
from service.usecases.context import Context

MAX_FILES = 1000
MAX_FIELDS = 100
Body = TypeVar("Body", bound=Message)


def get_context(request: Request) -> Context:
    """The context that the application was made with."""
    return cast(Context, request.app.state.context)


ContextDep = Annotated[Context, Depends(get_context)]
ProjectId = Annotated[str, Query(alias="project", description="Id of the project.", max_length=100)]
Limit = Annotated[int, Query(ge=1, le=500)]
Cursor = Annotated[str | None, Query(description="`next_cursor` of the page before.")]


class Files:
    """Files of a multipart request; each is read when its turn comes."""

    def __init__(self, files: list[UploadFile]) -> None:
        self._files = files

    def __iter__(self) -> Iterator[Upload]:
        for file in self._files:
            yield Upload(file.filename or "unnamed", file.file.read())


async def read_files(request: Request) -> AsyncIterator[tuple[Files, dict[str, str]]]:
    """The files and the text fields of a multipart request. Raises Invalid where there is none."""
    _require_type(request, "multipart/form-data")
    async with _parse_form(request) as form:
        parts = form.multi_items()
        files = [value for _, value in parts if isinstance(value, UploadFile)]
        if not files:
            raise Invalid("no-files", "The request holds no file: send one or more as 'files'.")
        yield Files(files), {name: value for name, value in parts if isinstance(value, str)}


async def read_body(request: Request, message: type[Body]) -> AsyncIterator[Files | Body]:
    """Uploaded files (multipart), or a message (JSON)."""
    kind = _content_type(request)
    if kind == "multipart/form-data":
        async for files, _ in read_files(request):
            yield files
    elif kind == "application/json":
        yield _validated(message, await request.body())
    else:
        _require_type(request, "multipart/form-data", "application/json")


async def read_files_or_ids(request: Request) -> AsyncIterator[Files | ImageIds]:
    """Uploaded files (multipart), or ids of images that are in the pool already (JSON)."""
    async for given in read_body(request, ImageIds):
        yield given


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _require_type(request: Request, *taken: str) -> None:
    if (kind := _content_type(request)) not in taken:
        raise HTTPException(415, f"Send {' or '.join(taken)}, not '{kind}'.")


@asynccontextmanager
async def _parse_form(request: Request) -> AsyncIterator[FormData]:
    try:
        form = await request.form(max_files=MAX_FILES, max_fields=MAX_FIELDS)
    except HTTPException as error:
        if "Too many files" not in error.detail:
            raise
        detail = f"Send at most {MAX_FILES} files in one request: this one was not taken."
        raise TooLarge("too-many-files", detail) from error
    try:
        yield form
    finally:
        await form.close()


def _validated(message: type[Body], body: bytes) -> Body:
    try:
        return message.model_validate_json(body)
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from error


FilesOrIds = Annotated[Files | ImageIds, Depends(read_files_or_ids)]
UploadedFiles = Annotated[tuple[Files, dict[str, str]], Depends(read_files)]

_FILES_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["files"],
    "properties": {
        "files": {"type": "array", "items": {"type": "string", "format": "binary"}, "minItems": 1}
    },
}


def upload_body(
    *,
    json: type[Message] | None = None,
    example: dict[str, Any] | None = None,
    fields: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """OpenAPI of a body that a dependency reads: files, or else a message where one is named."""
    schema = _FILES_SCHEMA | {"properties": _FILES_SCHEMA["properties"] | (fields or {})}
    content: dict[str, Any] = {"multipart/form-data": {"schema": schema}}
    if json is not None:
        content["application/json"] = {
            "schema": json.model_json_schema(),
            "example": example or {"image_ids": [1, 2, 3]},
        }
    return {"requestBody": {"required": True, "content": content}}
