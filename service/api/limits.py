"""A bound on what one request may send, kept also when its length is not announced."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.errors import REQUEST_TOO_LARGE, problem

# What is not a form is parsed at once and in memory, where JSON takes thirty times its length: ten
# thousand labels fit.
MESSAGE_BYTES = 4 * 2**20
# Of callers that have not shown the key yet.
KEY_BYTES = 2**14


class BodyLimit:
    """Middleware that answers 413 to a body over the limit, before it fills disk or memory."""

    def __init__(self, app: ASGIApp, max_mb: int) -> None:
        self._app = app
        self._max_mb = max_mb

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _is_piece(scope):
            headers = Headers(scope=scope)
            limit, detail = self._limit(scope["path"], headers.get("content-type", ""))
            announced = headers.get("content-length", "")
            if announced.isdigit() and int(announced) > limit:
                await problem(413, REQUEST_TOO_LARGE, detail)(scope, receive, send)
                return
            receive = _counted(receive, limit, detail)
        await self._app(scope, receive, send)

    def _limit(self, path: str, content_type: str) -> tuple[int, str]:
        """Bytes that a request may hold, and what to do about more."""
        if path == "/session":
            return KEY_BYTES, "A key is no longer than a few hundred characters."
        files = self._max_mb * 2**20
        if content_type.lower().startswith("multipart/form-data") or files <= MESSAGE_BYTES:
            return files, (
                f"One request may hold {self._max_mb} MiB (HANDFUL_MAX_REQUEST_MB): send the files "
                "in several requests."
            )
        return MESSAGE_BYTES, (
            f"A request without files may hold {MESSAGE_BYTES // 2**20} MiB: send several."
        )


def _counted(receive: Receive, limit: int, detail: str) -> Receive:
    received = 0

    async def counted() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            # The one kind of error that FastAPI lets through while it reads a body.
            raise HTTPException(413, detail)
        return message

    return counted


def _is_piece(scope: Scope) -> bool:
    """Whether this is a piece of an upload, which is written as it comes, up to its length."""
    return bool(scope["method"] == "PATCH" and scope["path"].startswith("/uploads/"))
