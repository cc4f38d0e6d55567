"""Who may call: holders of the key, and on loopback without one only this machine's own pages."""

import hashlib
import hmac
import time
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
SESSION_SECONDS = 30 * 24 * 3600
# What a page may do in a browser, for all that is answered: run this service's scripts alone and
# reach nobody else. The map's library compiles its drawing commands (unsafe-eval) and sorts large
# maps in a worker that it writes itself (blob:); components bring their styles along.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' blob: data:; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
}

router = APIRouter(tags=["session"])


class Guard:
    """Middleware that turns away callers without the key, and other sites' pages.

    Without a key the service trusts this machine, so it must not be reachable through a browser
    that shows a stranger's page: names other than loopback's are refused (DNS rebinding). With or
    without one, pages of another origin may neither ask for changes nor show what is here.
    """

    def __init__(self, app: ASGIApp, key: str | None) -> None:
        self._app = app
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, _safely(send))

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if self._key is None and not is_loopback(_authority(f"//{host}").hostname or ""):
            return problem(
                403, "wrong-host", f"Without an API key only loopback names answer, not '{host}'."
            )
        if origin and scope["method"] not in SAFE_METHODS and _authority(origin).netloc != host:
            return problem(403, "wrong-origin", f"Pages of {origin} may not change anything here.")
        if _is_drawn_in(headers):
            return problem(403, "wrong-origin", "Pages of other origins may not show this.")
        if self._key is None or _is_open(scope["path"]) or _holds(Request(scope), self._key):
            return None
        return problem(401, "key-required", "Send the API key as 'Authorization: Bearer KEY'.")


def is_known(request: Request) -> bool:
    """Whether the caller holds the key, or none is asked for."""
    key: str | None = request.app.state.key
    return key is None or _holds(request, key)


def _holds(request: Request, key: str) -> bool:
    scheme, _, sent = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and _same(sent.strip(), key):
        return True
    return _is_session(request.cookies.get(COOKIE, ""), key)


def _is_drawn_in(headers: Headers) -> bool:
    """Whether a page of another origin loads this into itself: an image, a script, a stream.

    Browsers say so; other programs need not, and have no pages. Links that lead here are followed.
    """
    foreign = headers.get("sec-fetch-site") in ("cross-site", "same-site")
    return foreign and headers.get("sec-fetch-mode") != "navigate"


def _safely(send: Send) -> Send:
    """Keep browsers from guessing types, and other sites from showing or reading what is here."""

    async def send_safely(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SAFE_HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return send_safely


def session_token(key: str, expires: int) -> str:
    """What the page's cookie holds until then, in seconds since 1970: of no use to find the key."""
    said = f"handful-page-session {expires}".encode()
    return f"{expires}.{hmac.new(key.encode(), said, hashlib.sha256).hexdigest()}"


def _is_session(token: str, key: str) -> bool:
    expires = token.partition(".")[0]
    if not expires.isdecimal() or not time.time() < int(expires[:20]):
        return False
    return _same(token, session_token(key, int(expires[:20])))


@router.get("/session", summary="Whether a key is needed, and whether this browser has signed in")
def get_session(request: Request) -> Session:
    return Session(required=request.app.state.key is not None, signed_in=is_known(request))


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
        session_token(key, int(time.time()) + SESSION_SECONDS),
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="strict",
        # Behind a proxy with TLS only the browser knows.
        secure=request.headers.get("origin", request.url.scheme).startswith("https"),
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
