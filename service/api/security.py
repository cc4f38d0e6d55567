"""Who may call: holders of the key, and on loopback without one only this machine's own pages."""

import hashlib
import hmac
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.params import Body
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.errors import problem
from service.api.schemas import KeyIn, Session
from service.domain.errors import Unauthorised
from service.settings import is_loopback

COOKIE = "handful_session"
OPEN_PATHS = ("/", "/session", "/health/live", "/health/ready", "/favicon.svg")
OPEN_FOLDERS = ("/assets/",)
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}

router = APIRouter(tags=["session"])


class Guard:
    """Middleware that turns away callers without the key, and other sites' pages.

    Without a key the service trusts this machine, so it must not be reachable through a browser
    that shows a stranger's page: names other than loopback's are refused (DNS rebinding), and so
    are changes asked for by pages of another origin.
    """

    def __init__(self, app: ASGIApp, key: str | None) -> None:
        self._app = app
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (refusal := self._refusal(scope)) is not None:
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, _safely(send))

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if self._key is None and not is_loopback(_authority(f"//{host}").hostname or ""):
            return problem(
                403, "wrong-host", f"Without an API key only loopback names answer, not '{host}'."
            )
        if origin and scope["method"] not in SAFE_METHODS and _authority(origin).netloc != host:
            return problem(403, "wrong-origin", f"Pages of {origin} may not change anything here.")
        if self._key is None or _is_open(scope["path"]) or _holds(Request(scope), self._key):
            return None
        return problem(401, "key-required", "Send the API key as 'Authorization: Bearer KEY'.")


def _holds(request: Request, key: str) -> bool:
    scheme, _, sent = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and _same(sent.strip(), key):
        return True
    return _same(request.cookies.get(COOKIE, ""), session_token(key))


def _safely(send: Send) -> Send:
    """Keep browsers from guessing types, and other sites from showing the page in a frame."""

    async def send_safely(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["X-Content-Type-Options"] = "nosniff"
            headers["X-Frame-Options"] = "DENY"
        await send(message)

    return send_safely


def session_token(key: str) -> str:
    """What the page's cookie holds: made from the key, and of no use to find it."""
    return hmac.new(key.encode(), b"handful-page-session", hashlib.sha256).hexdigest()


@router.get("/session", summary="Whether a key is needed, and whether this browser has signed in")
def get_session(request: Request) -> Session:
    key: str | None = request.app.state.key
    signed_in = key is None or _same(request.cookies.get(COOKIE, ""), session_token(key))
    return Session(required=key is not None, signed_in=signed_in)


@router.post("/session", status_code=204, summary="Sign this browser in with the API key")
def sign_in(
    body: Annotated[KeyIn, Body(examples=[{"key": "the API key"}])],
    request: Request,
    response: Response,
) -> None:
    key: str | None = request.app.state.key
    if key is None:
        return
    if not _same(body.key.strip(), key):
        raise Unauthorised("wrong-key", "That is not this service's API key.")
    response.set_cookie(
        COOKIE,
        session_token(key),
        max_age=30 * 24 * 3600,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


@router.delete("/session", status_code=204, summary="Sign this browser out")
def sign_out(response: Response) -> None:
    response.delete_cookie(COOKIE)


def _authority(address: str) -> SplitResult:
    """The parts of an address; none at all where it is malformed, so that it matches nothing."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def _is_open(path: str) -> bool:
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDERS)


def _same(sent: str, expected: str) -> bool:
    return hmac.compare_digest(sent.encode(), expected.encode())
