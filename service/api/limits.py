"""A bound on what one request may send, kept also when its length is not announced."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.errors import REQUEST_TOO_LARGE, problem


class BodyLimit:
    """Middleware that answers 413 to a body over the limit, before it fills the disk."""

    def __init__(self, app: ASGIApp, max_mb: int) -> None:
        self._app = app
        self._limit = max_mb * 2**20
        self._detail = (
            f"One request may hold {max_mb} MiB (HANDFUL_MAX_REQUEST_MB): send the files in "
            "several requests."
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _is_piece(scope):
            announced = Headers(scope=scope).get("content-length", "")
            if announced.isdigit() and int(announced) > self._limit:
                await problem(413, REQUEST_TOO_LARGE, self._detail)(scope, receive, send)
                return
            receive = self._counted(receive)
        await self._app(scope, receive, send)

    def _counted(self, receive: Receive) -> Receive:
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._limit:
                # The one kind of error that FastAPI lets through while it reads a body.
                raise HTTPException(413, self._detail)
            return message

        return counted


def _is_piece(scope: Scope) -> bool:
    """Whether this is a piece of an upload, which is written as it comes, up to its length."""
    return bool(scope["method"] == "PATCH" and scope["path"].startswith("/uploads/"))
