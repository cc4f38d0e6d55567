"""Connections of one process: how many are served, and how long one may stay silent."""

import asyncio
from typing import Any

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from service.api.errors import problem

# While more are open only the probe of life is answered. Half of the files that a process may
# usually have open: past those it could open neither its database nor an image.
MOST = 512
# From its opening, or its last answer, to the whole head of a request; uploads take their time.
SILENT_SECONDS = 30.0
PROBE = "/health/live"


class BoundedProtocol(H11Protocol):
    """HTTP/1.1 that ends silent connections, and says so where there are too many."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._served, self.app = self.app, self._answer

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The head of a first request is waited for."""
        super().connection_made(transport)
        self._wait()

    def on_response_complete(self) -> None:
        """That of the next one is."""
        super().on_response_complete()
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for."""
        self._waiting.cancel()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(SILENT_SECONDS, self.shutdown)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._waiting.cancel()
        crowded = len(self.connections) > MOST and scope["path"] != PROBE
        answer = _too_many() if crowded else self._served
        await answer(scope, receive, send)


def _too_many() -> Any:
    detail = (
        f"More than {MOST} connections to the service are open, idle ones too: try again in a "
        "moment, and close connections that are not needed."
    )
    response = problem(503, "too-many-connections", detail)
    response.headers["Connection"] = "close"
    return response
