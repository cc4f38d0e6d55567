"""How many connections a process serves, and silent ones, over real sockets."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import httpx
import pytest

from service.api import connections
from service.app import create_app
from service.usecases.context import Context
from tests.service.server import serve

ASKED = b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
# The head of a request whose body is still to come, and which wants to hear that it was taken.
BEGUN = (
    b"POST /session HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Content-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
)


@pytest.fixture
def address(context: Context) -> Iterator[str]:
    """A service behind a real socket."""
    with serve(create_app(context.settings)) as address:
        yield address


def connect(address: str) -> socket.socket:
    """A connection that says nothing by itself."""
    url = httpx.URL(address)
    return socket.create_connection((url.host, url.port), timeout=60)


@pytest.fixture
def most(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(connections, "SILENT_SECONDS", 3600.0)
    monkeypatch.setattr(connections, "MOST", 3)
    return 3


def test_past_the_limit_a_request_is_told_what_to_do(address: str, most: int) -> None:
    with ExitStack() as idle:
        for _ in range(most):
            idle.enter_context(connect(address))
        refused = httpx.get(f"{address}/projects")
        assert (refused.status_code, refused.headers["Connection"]) == (503, "close")
        assert int(refused.headers["Retry-After"]) > 0
        assert refused.json()["type"].endswith("/too-many-connections")
        assert "More than 3 connections" in refused.json()["detail"]
        assert httpx.get(f"{address}/health/live").json()["status"] == "ok"
    while (again := httpx.get(f"{address}/projects")).status_code == 503:
        pass  # it has not heard yet that they are closed
    assert again.status_code == 200


def test_as_many_as_the_limit_are_served(address: str, most: int) -> None:
    with ExitStack() as idle:
        for _ in range(most - 1):
            idle.enter_context(connect(address))
        assert httpx.get(f"{address}/projects").status_code == 200


@pytest.mark.parametrize("asked", [b"", ASKED[:20]], ids=["nothing", "a part of a request"])
@pytest.mark.parametrize("before", [b"", ASKED], ids=["at first", "after an answer"])
def test_a_connection_that_asks_nothing_is_closed(
    address: str, before: bytes, asked: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "SILENT_SECONDS", 0.1)
    with connect(address) as silent, suppress(ConnectionError):
        if before:
            silent.sendall(before)
            silent.recv(2**16)
        silent.sendall(asked)
        while silent.recv(2**16):
            pass


def test_a_connection_that_has_still_to_send_its_body_is_kept(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "SILENT_SECONDS", 0.5)
    with begun(address) as sending:
        with connect(address) as silent:  # its time is over after the other's
            assert silent.recv(2**16) == b""
        sending.sendall(b"{}")
        assert sending.recv(2**16).startswith(b"HTTP/1.1 422")


def begun(address: str) -> socket.socket:
    """A connection with a request whose head was taken; one that was too late for that is left."""
    while True:
        connection = connect(address)
        with suppress(ConnectionError):
            connection.sendall(BEGUN)
            if connection.recv(2**16).startswith(b"HTTP/1.1 100"):
                return connection
        connection.close()


def test_requests_sent_at_once_are_answered_one_by_one(address: str) -> None:
    with connect(address) as one:
        one.sendall(3 * ASKED)
        heard = b""
        while heard.count(b"HTTP/1.1 200 OK") < 3:
            heard += (said := one.recv(2**16))
            assert said, "it was closed"
