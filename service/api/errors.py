"""The one place where errors become responses: RFC 9457 problem details."""

import errno
from http import HTTPStatus
from typing import Any, cast

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as DatabaseTimeout
from starlette.exceptions import HTTPException

from models.errors import EncoderError
from service.api.schemas import Problem
from service.domain import errors
from service.domain.errors import DomainError

log = structlog.get_logger()

STATUS: dict[type[DomainError], int] = {
    errors.Invalid: 422,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.TooLarge: 413,
    errors.Unauthorised: 401,
    errors.Forbidden: 403,
    errors.Unavailable: 503,
    errors.StorageFull: 507,
}
# What a caller's program acts on: which key is asked for, and when to try again.
HEADERS = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "2"}}
MALFORMED = "malformed-request"
REQUEST_TOO_LARGE = "request-too-large"
STORAGE_FULL = "storage-full"
# A small message can hold a million faults: nobody reads more of them.
NAMED = 100


def problem(status: int, code: str, detail: str, **extra: Any) -> JSONResponse:
    """A problem-details response; `code` becomes the stable type."""
    body = Problem(
        type=f"https://handful.dev/problems/{code}",
        title=code.replace("-", " ").capitalize(),
        status=status,
        detail=detail,
        **extra,
    )
    return JSONResponse(
        body.model_dump(exclude_none=True),
        status,
        headers=HEADERS.get(status),
        media_type="application/problem+json",
    )


def install_handlers(app: FastAPI) -> None:
    """Answer every error with a problem."""
    app.add_exception_handler(DomainError, _domain)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(EncoderError, _encoder)
    app.add_exception_handler(OperationalError, _database)
    app.add_exception_handler(DataError, _value)
    app.add_exception_handler(UnicodeEncodeError, _value)
    app.add_exception_handler(DatabaseTimeout, _busy)
    app.add_exception_handler(OSError, _file_system)
    app.add_exception_handler(Exception, _unexpected)


async def _domain(request: Request, error: Exception) -> JSONResponse:
    error = cast(DomainError, error)
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    rejected = error.rejected if isinstance(error, errors.NoUsableFile) else None
    return problem(status, error.code, error.detail, instance=request.url.path, rejected=rejected)


async def _validation(request: Request, error: Exception) -> JSONResponse:
    error = cast(RequestValidationError, error)
    found = [
        {"field": ".".join(map(str, each["loc"])), "message": each["msg"]}
        for each in error.errors()[:NAMED]
    ]
    first = f"{found[0]['field']}: {found[0]['message']}" if found else "unreadable"
    return problem(
        422, MALFORMED, f"The request is malformed: {first}.", errors=found,
        instance=request.url.path,
    )  # fmt: skip


async def _http(request: Request, error: Exception) -> JSONResponse:
    error = cast(HTTPException, error)
    if error.status_code == 404:
        return problem(404, "unknown-path", f"There is nothing at {request.url.path}.")
    if error.status_code == 405:
        answer = problem(405, "wrong-method", f"{request.method} is not for {request.url.path}.")
        answer.headers.update(error.headers or {})
        return answer
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
    if error.status_code == 413:
        code = REQUEST_TOO_LARGE
    return problem(error.status_code, code, str(error.detail), instance=request.url.path)


async def _encoder(request: Request, error: Exception) -> JSONResponse:
    return problem(503, "encoder-unusable", str(error), instance=request.url.path)


async def _database(request: Request, error: Exception) -> JSONResponse:
    log.error("database_failed", path=request.url.path, error=str(error))
    if "full" in str(error).lower():
        detail = "The database cannot grow: the disk is full. Free some space and try again."
        return problem(507, STORAGE_FULL, detail, instance=request.url.path)
    detail = "The database does not answer. Try again; if it lasts, see the service's log."
    return problem(503, "database-away", detail, instance=request.url.path)


async def _value(request: Request, error: Exception) -> JSONResponse:
    # PostgreSQL holds no NUL character; SQLite does, and finds nothing under such a name. Neither
    # holds half a surrogate pair, which JSON can spell.
    log.info("unusable_value", path=request.url.path, error=str(error))
    detail = "The request holds a character that cannot be stored, such as NUL."
    return problem(422, "unusable-value", detail, instance=request.url.path)


async def _busy(request: Request, error: Exception) -> JSONResponse:
    log.warning("database_busy", path=request.url.path, error=str(error))
    detail = "More is asked for than the database takes at once. Try again in a moment."
    return problem(503, "database-busy", detail, instance=request.url.path)


async def _file_system(request: Request, error: Exception) -> JSONResponse:
    """An upload is spooled to disk before any use case sees it: there too room may run out."""
    if cast(OSError, error).errno != errno.ENOSPC:
        return await _unexpected(request, error)
    log.error("disk_full", path=request.url.path, error=str(error))
    detail = "There is no room left on the disk for what was sent. Free some, then send it again."
    return problem(507, STORAGE_FULL, detail, instance=request.url.path)


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("unexpected_error", path=request.url.path, exc_info=error)
    detail = "The service failed in a way it does not know. Its log says more."
    return problem(500, "internal-error", detail, instance=request.url.path)
