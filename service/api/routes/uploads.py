"""Archives in pieces, by the tus protocol 1.0 (https://tus.io/protocols/resumable-upload)."""

import base64
import binascii
from contextlib import suppress
from email.utils import format_datetime
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, Header, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from service.api.dependencies import ContextDep
from service.api.upload_schemas import Upload
from service.domain.errors import Invalid
from service.usecases import uploads
from service.usecases.context import Context

router = APIRouter(prefix="/uploads", tags=["import and export"])
VERSION = "1.0.0"
EXTENSIONS = "creation,termination,expiration"
PIECE_TYPE = "application/offset+octet-stream"
# Written at once: a call of its own for each packet would take longer than writing it.
BUFFER = 2**20
LONGEST = 2**53 - 1  # what JavaScript can count to

Tus = Annotated[str, Header(alias="Tus-Resumable", description="Always 1.0.0.")]
Responses: TypeAlias = dict[int | str, dict[str, Any]]
Count = Annotated[int, Header(ge=0, le=LONGEST)]
TEXT = {"schema": {"type": "string"}}
NO_CONTENT: Responses = {204: {"description": "Done; the headers say how far the upload is."}}


@router.options("", status_code=204, summary="What the service knows of tus", responses=NO_CONTENT)
def describe(context: ContextDep) -> Response:
    headers = {
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(context.settings.max_upload_gb * 2**30),
    }
    return _answer(204, headers)


@router.post(
    "",
    status_code=201,
    summary="Begin to send an archive",
    response_class=Response,
    description="Location says where its bytes go. Upload-Metadata may hold `filename` and "
    "`sha256` (hexadecimal), each in base64.",
    responses={
        201: {"description": "Begun", "headers": {"Location": {"schema": {"type": "string"}}}}
    },
)
def begin(
    context: ContextDep,
    upload_length: Count,
    tus_resumable: Tus = VERSION,
    upload_metadata: Annotated[str, Header(max_length=5000)] = "",
) -> Response:
    _require_version(tus_resumable)
    told = _read_metadata(upload_metadata)
    name = told.get("filename", "archive")
    upload = uploads.begin_upload(context, name, upload_length, told.get("sha256", ""))
    return _answer(201, {"Location": f"/uploads/{upload.id}"} | _progress(upload))


@router.head("/{upload_id}", summary="How far an upload is, for tus", response_class=Response)
def get_offset(upload_id: str, context: ContextDep) -> Response:
    upload = uploads.get_upload(context, upload_id)
    headers = {"Upload-Length": str(upload.length), "Cache-Control": "no-store"}
    return _answer(200, headers | _progress(upload))


@router.get("/{upload_id}", summary="How far an upload is", response_model=Upload)
def get_upload(upload_id: str, context: ContextDep) -> dict[str, object]:
    return uploads.as_json(uploads.get_upload(context, upload_id))


@router.patch(
    "/{upload_id}",
    status_code=204,
    summary="Send the next bytes of an upload",
    responses=NO_CONTENT,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {PIECE_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def send_piece(
    upload_id: str,
    request: Request,
    context: ContextDep,
    upload_offset: Count,
    tus_resumable: Tus = VERSION,
) -> Response:
    _require_version(tus_resumable)
    if request.headers.get("content-type", "") != PIECE_TYPE:
        raise HTTPException(415, f"Send the bytes as '{PIECE_TYPE}'.")
    await _receive(request, context, upload_id, upload_offset)
    upload = await run_in_threadpool(uploads.get_upload, context, upload_id)
    return _answer(204, _progress(upload))


@router.delete("/{upload_id}", status_code=204, summary="Forget an upload", responses=NO_CONTENT)
def drop(upload_id: str, context: ContextDep) -> Response:
    uploads.drop_upload(context, upload_id)
    return _answer(204, {})


async def _receive(request: Request, context: Context, upload_id: str, offset: int) -> None:
    """Write what is sent as it comes; what came before a connection broke is kept."""
    held = bytearray()
    with uploads.continued(context, upload_id, offset) as piece:
        with suppress(ClientDisconnect):
            async for data in request.stream():
                held += data
                if len(held) >= BUFFER:
                    await run_in_threadpool(piece.write, bytes(held))
                    held.clear()
        await run_in_threadpool(piece.write, bytes(held))


def _answer(status: int, headers: dict[str, str]) -> Response:
    return Response(status_code=status, headers={"Tus-Resumable": VERSION} | headers)


def _progress(upload: uploads.Upload) -> dict[str, str]:
    return {
        "Upload-Offset": str(upload.offset),
        "Upload-Expires": format_datetime(upload.expires_at, usegmt=True),
    }


def _require_version(version: str) -> None:
    if version != VERSION:
        raise HTTPException(412, f"This service speaks tus {VERSION}, not '{version}'.")


def _read_metadata(text: str) -> dict[str, str]:
    """Pairs of a key and a value in base64, separated by commas. Raises Invalid."""
    told = {}
    for pair in filter(None, map(str.strip, text.split(","))):
        key, _, value = pair.partition(" ")
        try:
            told[key] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            detail = f"Upload-Metadata: the value of '{key}' is no text in base64."
            raise Invalid("bad-metadata", detail) from error
    return told
